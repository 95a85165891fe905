#include "data/build/inspect.h"

#include <algorithm>

#include "data/build/plan.h"
#include "data/build/processor.h"
#include "data/build/read_stage.h"
#include "data/corpus.h"
#include "formats/zstd_stream.h"

namespace malmoi::data {
namespace {

// The id stands first on a line: so many bytes of it are searched before it is parsed.
constexpr size_t kIdBytes = 8192;

Json to_json(const Event& event) {
  Json json{{event.dropped ? "dropped" : "changed", event.rule}};
  if (!event.detail.empty()) json["detail"] = event.detail;
  return json;
}

// What became of one input, which may hold several documents, in the order in which they were first named.
std::vector<DryRunDocument> documents_of(const Processed& result) {
  std::vector<DryRunDocument> documents;
  auto entry = [&](const std::string& id) -> DryRunDocument& {
    auto found = std::find_if(documents.begin(), documents.end(), [&](const DryRunDocument& d) { return d.id == id; });
    if (found != documents.end()) return *found;
    documents.push_back({.id = id});
    return documents.back();
  };
  for (const Event& event : result.events) entry(event.id).events.push_back(event);
  for (const Processed::Kept& kept : result.kept) {
    const Document& document = kept.document;
    entry(document.id).kept = {document.language, document.encoding, document.title, document.text.size()};
  }
  return documents;
}

// A document that was split or copied goes by its own id and by those derived from it.
bool matches(const std::string& other, const std::string& id) {
  if (other == id || other.ends_with("/" + id)) return true;
  size_t mark = other.find_last_of(":+");
  if (mark == std::string::npos) return false;
  std::string base = other.substr(0, mark);
  return base == id || base.ends_with("/" + id);
}

Status find_events(const Path& file, const std::string& id, std::vector<Finding>& found) {
  MALMOI_ASSIGN(formats::LineReader lines, formats::LineReader::open(file));
  std::string_view line;
  while (true) {
    MALMOI_ASSIGN(bool more, lines.next(line));
    if (!more) return {};
    MALMOI_ASSIGN(Json json, parse_json(line, lines.where()));
    Event event{.id = json_string(json, "id"), .dropped = json.contains("dropped")};
    if (!matches(event.id, id)) continue;
    event.rule = json_string(json, event.dropped ? "dropped" : "changed");
    event.detail = json_string(json, "detail");
    found.push_back({.id = event.id, .event = event});
  }
}

Status find_in_shard(const Path& folder, const Shard& shard, const std::string& id, std::vector<Finding>& found) {
  const std::string quoted = dump_json(id), written = quoted.substr(1, quoted.size() - 2);  // as it stands in a line
  MALMOI_ASSIGN(formats::LineReader lines, formats::LineReader::open(folder / shard.file));
  std::string_view line;
  while (true) {
    MALMOI_ASSIGN(bool more, lines.next(line));
    if (!more) return {};
    if (line.substr(0, kIdBytes).find(written) == std::string_view::npos) continue;
    MALMOI_ASSIGN(Document document, document_from_line(line, lines.where()));
    if (!matches(document.id, id)) continue;
    found.push_back({.id = document.id,
                     .place = shard.file + ":" + std::to_string(lines.line_number()),
                     .split = shard.split,
                     .bytes = document.text.size()});
  }
}

}  // namespace

Json to_json(const DryRunDocument& document) {
  Json json = {{"id", document.id}, {"kept", document.kept.has_value()}};
  for (const Event& event : document.events) json["events"].push_back(to_json(event));
  if (!document.kept) return json;
  json["language"] = document.kept->language;
  json["encoding"] = document.kept->encoding;
  json["title"] = document.kept->title;
  json["bytes"] = document.kept->bytes;
  return json;
}

Json to_json(const Finding& finding) {
  Json json = {{"id", finding.id}};
  if (finding.event) {
    json.update(to_json(*finding.event));
    return json;
  }
  json["kept"] = finding.place;
  json["split"] = finding.split;
  json["bytes"] = finding.bytes;
  return json;
}

Result<std::vector<DryRunDocument>> dry_run(const Recipe& recipe, const BuildOptions& options, uint64_t n,
                                            const Job& job) {
  MALMOI_ASSIGN(Plan plan, make_plan(recipe));
  MALMOI_ASSIGN(std::unique_ptr<Processor> processor, Processor::create(recipe, options.filters));
  std::vector<DryRunDocument> documents;
  ReadStageOptions stage{.workers = options.workers, .stop = job.stop};
  for (uint64_t part = 0; part < plan.parts.size() && documents.size() < n; ++part) {
    MALMOI_TRY(read_some(plan, part, recipe, *processor, stage, [&](Processed result) {
      for (DryRunDocument& document : documents_of(result))
        if (documents.size() < n) documents.push_back(std::move(document));
      return documents.size() < n;
    }));
  }
  return documents;
}

Result<std::vector<Finding>> explain(const Path& folder, const std::string& id) {
  MALMOI_ASSIGN(Corpus corpus, Corpus::open(folder));
  std::vector<Finding> found;
  MALMOI_TRY(find_events(folder / "events.jsonl.zst", id, found));
  for (const Shard& shard : corpus.shards()) MALMOI_TRY(find_in_shard(folder, shard, id, found));
  if (found.empty())
    return not_found("nothing is known of '" + id + "'", folder.string(),
                     "ids are the paths of documents, as in events.jsonl.zst");
  return found;
}

}  // namespace malmoi::data
