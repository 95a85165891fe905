#include "app/serve/runs/shown_corpora.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "app/serve/runs/run_files.h"
#include "base/descriptor.h"
#include "base/json_read.h"
#include "base/utc.h"
#include "base/utf8.h"
#include "formats/zstd_stream.h"
#include "protocol/fields.h"

namespace malmoi::app {
namespace {

using protocol::Reply;
using serve::DocumentQuery;

constexpr size_t kMostCorpora = 1000;           // of a list
constexpr size_t kShownText = 2000;             // bytes of a document's text
constexpr size_t kLargestDocument = 64 << 20;   // larger documents are not looked at
constexpr uint64_t kMostLooked = 256ull << 20;  // bytes of lines that one question is answered from: some seconds
constexpr uint64_t kLargestCard = 1 << 20;

// Documents as they are read, until the page is full.
class Page {
 public:
  explicit Page(const DocumentQuery& query) : query_(query) {}

  // Nothing more is to be read for it.
  bool done() const { return cut_ || (static_cast<int64_t>(documents_.size()) == query_.limit && more_); }
  // A document that is asked for. It is made only where it stands on this page.
  template <typename Make>
  void add(const Make& make) {
    if (seen_++ < query_.offset) return;
    if (static_cast<int64_t>(documents_.size()) < query_.limit) documents_.push_back(make());
    else more_ = true;
  }
  // Whether more may be read for it.
  bool look(size_t bytes) {
    looked_ += bytes;
    if (looked_ > kMostLooked) cut_ = true;
    return !cut_;
  }
  Json to_json() {
    return {{"documents", std::move(documents_)},
            {"offset", query_.offset},
            {"next_offset", more_ ? Json(query_.offset + query_.limit) : Json(nullptr)},
            {"cut", cut_}};
  }

 private:
  const DocumentQuery& query_;
  std::vector<Json> documents_;
  int64_t seen_ = 0;
  uint64_t looked_ = 0;
  bool more_ = false, cut_ = false;
};

// Each line of a file of the corpus, until the page is done.
template <typename Use>
Status for_lines(const OpenFolder& folder, const std::string& file, Page& page, const Use& use) {
  MALMOI_ASSIGN(const int fd, folder.file(file));
  const Descriptor open(fd);
  auto lines = formats::LineReader::open(open.path(), kLargestDocument);
  if (!lines.ok()) return invalid_data("cannot be read", file);
  std::string_view line;
  while (!page.done()) {
    auto more = lines->next(line);
    if (!more.ok()) return invalid_data("is damaged", file, "build the corpus again");
    if (!*more || !page.look(line.size())) return {};
    use(line);
  }
  return {};
}

bool is_found(const std::string& id, const DocumentQuery& query) {
  return query.find.empty() || id.find(query.find) != std::string::npos;
}

Status add_events(const OpenFolder& folder, const DocumentQuery& query, Page& page) {
  return for_lines(folder, "events.jsonl.zst", page, [&](std::string_view line) {
    auto json = parse_json(line, "");
    if (!json.ok() || !json->is_object()) return;
    const bool dropped = json->contains("dropped");
    const std::string rule = json_string(*json, dropped ? "dropped" : "changed");
    if (!query.reason.empty() && rule != query.reason) return;
    const std::string id = json_string(*json, "id");
    if (!is_found(id, query)) return;
    page.add([&] {
      return Json{{"id", id}, {"dropped", dropped}, {"reason", rule}, {"detail", json_string(*json, "detail")}};
    });
  });
}

Json document_of(const Json& line, const std::string& split) {
  const std::string text = json_string(line, "text");
  const size_t shown =
      text.size() <= kShownText ? text.size() : complete_utf8_prefix(std::string_view(text).substr(0, kShownText));
  return {{"id", json_string(line, "id")},           {"split", split},
          {"title", json_string(line, "title")},     {"language", json_string(line, "language")},
          {"license", json_string(line, "license")}, {"bytes", text.size()},
          {"text", text.substr(0, shown)},           {"cut", shown < text.size()}};
}

Status add_kept(const OpenFolder& folder, const DocumentQuery& query, Page& page) {
  const Json manifest = object_of(folder, "manifest.json");
  for (const Json& shard : json_list(manifest, "shards")) {
    if (page.done()) break;  // a corpus may have thousands of them
    const std::string split = json_string(shard, "split");
    MALMOI_TRY(for_lines(folder, json_string(shard, "file"), page, [&](std::string_view line) {
      // The lines before the page are counted and not parsed.
      auto parsed = [&] {
        auto json = parse_json(line, "");
        return json.ok() ? *std::move(json) : Json(nullptr);
      };
      if (query.find.empty()) return page.add([&] { return document_of(parsed(), split); });
      const Json json = parsed();
      if (is_found(json_string(json, "id"), query)) page.add([&] { return document_of(json, split); });
    }));
  }
  return {};
}

Json summary_of_corpus(const OpenFolder& folder, const std::string& name) {
  const Json manifest = object_of(folder, "manifest.json");
  const int64_t built = folder.changed("manifest.json");
  Json languages = Json::array();
  for (const auto& [language, sizes] : json_object(manifest, "languages").items()) languages.push_back(language);
  auto count = [&](const char* key) {
    auto found = json_count(manifest, key);
    return found ? Json(*found) : Json(nullptr);
  };
  return {{"name", name},
          {"documents", count("documents")},
          {"text_bytes", count("text_bytes")},
          {"languages", std::move(languages)},
          {"splits", json_object(manifest, "splits")},
          {"built", built > 0 ? Json(utc_text(built)) : Json(nullptr)}};
}

}  // namespace

Result<std::unique_ptr<ShownCorpora>> ShownCorpora::open(const Path& folder) {
  MALMOI_ASSIGN(OpenFolder opened, OpenFolder::open(folder));
  return std::unique_ptr<ShownCorpora>(new ShownCorpora(std::move(opened)));
}

Result<OpenFolder> ShownCorpora::corpus(const std::string& name) const {
  auto found = folder_.folder(name);
  if (found.ok() && json_string(object_of(*found, "manifest.json"), "format") == "malmoi-corpus") return found;
  return not_found("there is no corpus " + dump_json(Json(protocol::shown(name))), "", "GET /data lists them");
}

Reply ShownCorpora::list() const {
  Json corpora = Json::array();
  for (const std::string& name : folder_.folders(kMostCorpora)) {
    auto folder = corpus(name);
    if (folder.ok()) corpora.push_back(summary_of_corpus(*folder, name));
  }
  return Json{{"corpora", std::move(corpora)}};
}

Reply ShownCorpora::show(const std::string& name) const {
  auto folder = corpus(name);
  if (!folder.ok()) return protocol::to_api_error(folder.error());
  auto text = folder->read("DATACARD.md", kLargestCard);
  return Json{{"corpus", summary_of_corpus(*folder, name)},
              {"report", object_of(*folder, "report.json")},
              {"card", object_of(*folder, "datacard.json")},
              {"card_text", text.ok() ? *std::move(text) : std::string()},
              {"recipe", json_object(object_of(*folder, "manifest.json"), "recipe")}};
}

Reply ShownCorpora::documents(const std::string& name, const DocumentQuery& query) const {
  auto folder = corpus(name);
  if (!folder.ok()) return protocol::to_api_error(folder.error());
  Page page(query);
  Status read = query.kept ? add_kept(*folder, query, page) : add_events(*folder, query, page);
  if (!read.ok()) return protocol::to_api_error(read.error());
  return page.to_json();
}

}  // namespace malmoi::app
