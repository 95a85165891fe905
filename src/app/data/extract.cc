#include "app/data/extract.h"

#include "data/carry.h"
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
  size_t missing = 0;
  for (const std::string& file : options.files) {
    auto found = data::list_inputs(file, on_skip);
    if (found.ok()) {
      files.insert(files.end(), found->begin(), found->end());
      continue;
    }
    // One of several that is not there does not stop the others; of all of them nothing can be said but that.
    if (++missing == options.files.size()) return std::move(found).error();
    on_skip({file, "read.unreadable", found.error().what, true});
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
    bool kept = false;
    MALMOI_TRY(data::carry_exceptions(path, [&]() -> Status {
      kept = data::convert_document(std::move(raw), convert, converted, skip);
      return {};
    }));
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
