#include "data/pairs.h"

#include <algorithm>
#include <map>
#include <unordered_set>
#include <vector>

#include "base/ascii.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "data/readers/convert.h"
#include "data/readers/input_stream.h"

namespace malmoi::data {
namespace {

Result<std::map<std::string, Path>> files_by_name(const Path& folder, const OnSkip& on_skip) {
  MALMOI_ASSIGN(std::vector<InputFile> files, list_inputs(folder, on_skip));
  std::map<std::string, Path> names;
  for (const InputFile& file : files) names.emplace(file.path.lexically_relative(folder).string(), file.path);
  return names;
}

// The paragraphs of a file in order.
std::vector<std::string> paragraphs_of(const Path& path, const OnSkip& on_skip) {
  InputStream stream({{.path = path}}, {ReaderOptions{}}, on_skip);
  RawDocument raw;
  uint32_t ignored = 0;
  std::vector<std::string> paragraphs;
  while (stream.next(raw, ignored)) {
    Converted converted;
    Skip skip;
    if (!convert_document(std::move(raw), {.format = TextFormat::kPlain, .whole_page = true}, converted, skip)) {
      on_skip(std::move(skip));
      continue;
    }
    const std::string& text = converted.document.text;
    for (size_t begin = 0; begin < text.size();) {
      size_t end = text.find("\n\n", begin);
      if (end == std::string::npos) end = text.size();
      std::string paragraph(ascii_trim(std::string_view(text).substr(begin, end - begin)));
      std::replace(paragraph.begin(), paragraph.end(), '\n', ' ');
      if (!paragraph.empty()) paragraphs.push_back(std::move(paragraph));
      begin = end + 2;
    }
  }
  return paragraphs;
}

bool fits(const std::string& a, const std::string& b, const PairOptions& options) {
  auto in_range = [&](const std::string& text) {
    const size_t n = count_code_points(text);
    return n >= options.least_characters && n <= options.most_characters;
  };
  const auto [shorter, longer] = std::minmax({a.size(), b.size()});
  return in_range(a) && in_range(b) &&
         static_cast<double>(longer) <= options.largest_ratio * static_cast<double>(shorter);
}

}  // namespace

Result<PairReport> align_trees(const Path& source, const Path& target, const PairOptions& options,
                               const OnSkip& on_skip, const PairSink& sink) {
  using Names = std::map<std::string, Path>;
  MALMOI_ASSIGN(Names sources, files_by_name(source, on_skip));
  MALMOI_ASSIGN(Names targets, files_by_name(target, on_skip));
  PairReport report;
  std::unordered_set<uint64_t> seen;
  for (const auto& [name, path] : sources) {
    auto other = targets.find(name);
    if (other == targets.end()) continue;
    ++report.documents;
    std::vector<std::string> from = paragraphs_of(path, on_skip), to = paragraphs_of(other->second, on_skip);
    if (from.size() != to.size()) {
      ++report.unaligned;
      continue;
    }
    report.paragraphs += from.size();
    for (size_t i = 0; i < from.size(); ++i) {
      if (from[i] == to[i]) ++report.untranslated;
      else if (!fits(from[i], to[i], options)) ++report.unfit;
      else if (!seen.insert(hash64(from[i] + "\n" + to[i], 0)).second) ++report.repeated;
      else {
        ++report.pairs;
        MALMOI_TRY(sink({std::move(from[i]), std::move(to[i]), name + "#" + std::to_string(i + 1)}));
      }
    }
  }
  report.alone = sources.size() + targets.size() - 2 * report.documents;
  if (report.documents == 0)
    return invalid_data("the two folders have no document of one name", source.string(),
                        "give trees whose files have the same names");
  return report;
}

}  // namespace malmoi::data
