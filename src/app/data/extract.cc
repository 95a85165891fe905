#include "app/data/extract.h"

#include "data/readers/convert.h"
#include "data/readers/input_stream.h"

namespace malmoi::app {

Result<DataExtractCounts> data_extract(const DataExtractOptions& options,
                                       const std::function<void(const Json&)>& visit) {
  DataExtractCounts counts;
  std::vector<data::InputFile> files;
  auto on_skip = [&](data::Skip skip) {
    counts.failed += skip.failed;
    visit({{"path", skip.id},
           {"encoding", ""},
           {"language", ""},
           {"title", ""},
           {"text", ""},
           {"dropped", skip.rule},
           {"detail", skip.detail}});
  };
  for (const std::string& file : options.files) {
    MALMOI_ASSIGN(std::vector<Path> found, data::list_inputs(file, on_skip));
    for (Path& path : found) files.push_back({std::move(path), 0, UINT64_MAX, 0, 0});
  }
  data::ReaderOptions reader;
  reader.source_trees = true;  // what is named by hand is meant
  data::InputStream stream(std::move(files), {reader}, on_skip);
  data::ConvertOptions convert{options.format, options.whole_page, {}};
  data::RawDocument raw;
  uint32_t source = 0;
  while (stream.next(raw, source)) {
    data::Converted converted;
    data::Skip skip;
    ++counts.documents;
    std::string path = raw.document.path;
    bool kept = data::convert_document(std::move(raw), convert, converted, skip);
    const data::Document& document = converted.document;
    Json line{{"path", path},
              {"encoding", document.encoding},
              {"language", kept ? document.language : ""},
              {"title", document.title},
              {"text", kept ? document.text : ""}};
    if (document.id != path) line["id"] = document.id;
    if (kept && !document.license.empty()) line["license"] = document.license;
    if (kept && !converted.repair.empty()) line["repaired"] = converted.repair;
    if (!kept) {
      counts.failed += skip.failed;
      line["dropped"] = skip.rule;
      line["detail"] = skip.detail;
    }
    visit(line);
    for (data::Skip& part : converted.missing) on_skip(std::move(part));
  }
  return counts;
}

}  // namespace malmoi::app
