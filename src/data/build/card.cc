#include "data/build/card.h"

#include <fmt/format.h>

#include <ctime>

#include "base/counted.h"
#include "base/log.h"
#include "data/readers/markdown.h"

namespace malmoi::data {
namespace {

Json counts(const std::map<std::string, uint64_t>& map) {
  Json out = Json::object();
  for (const auto& [name, n] : map) out[name] = n;
  return out;
}

// "ko.documents", "ko.bytes" -> {"ko": {"documents", "bytes"}}
Json grouped(const Tally& tally, const std::string& prefix) {
  Json out = Json::object();
  for (const auto& [name, n] : tally.under(prefix)) {
    size_t dot = name.rfind('.');
    if (dot != std::string::npos) out[name.substr(0, dot)][name.substr(dot + 1)] = n;
  }
  return out;
}

Json manifest_of(const CardInput& input) {
  Json manifest;
  manifest["format"] = "malmoi-corpus";
  manifest["version"] = 1;
  manifest["name"] = input.recipe.name;
  manifest["build"] = input.plan.key;
  manifest["documents"] = input.tally.get("kept.documents");
  manifest["text_bytes"] = input.tally.get("kept.bytes");
  manifest["splits"] = grouped(input.tally, "split.");
  manifest["languages"] = grouped(input.tally, "language.");
  manifest["shards"] = Json::array();
  for (const Shard& shard : input.shards)
    manifest["shards"].push_back({{"file", shard.file},
                                  {"split", shard.split},
                                  {"documents", shard.documents},
                                  {"text_bytes", shard.text_bytes},
                                  {"file_bytes", shard.file_bytes},
                                  {"hash", shard.hash}});
  manifest["recipe"] = input.recipe.description();
  return manifest;
}

std::string table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows) {
  std::string out = "|";
  for (const std::string& cell : head) out += " " + cell + " |";
  out += "\n|";
  for (size_t i = 0; i < head.size(); ++i) out += i ? " ---: |" : " --- |";
  for (const auto& row : rows) {
    out += "\n|";
    for (const std::string& cell : row) out += " " + escape_markdown(cell) + " |";
  }
  return out + "\n";
}

std::string group_table(const Json& groups, const char* name) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [key, value] : groups.items())
    rows.push_back({key, std::to_string(value.value("documents", uint64_t{0})),
                    format_bytes(static_cast<double>(value.value("bytes", uint64_t{0})))});
  return rows.empty() ? "none\n" : table({name, "documents", "text"}, rows);
}

std::string count_table(const Json& map, const char* name) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [key, n] : map.items()) rows.push_back({key, std::to_string(n.get<uint64_t>())});
  return rows.empty() ? "none\n" : table({name, "documents"}, rows);
}

// HF's loader takes the splits from here; it knows "validation", not "valid".
std::string readme_head(const CardInput& input) {
  std::string out = "---\nconfigs:\n- config_name: default\n  data_files:\n";
  for (auto [split, name] : {std::pair{"train", "train"}, {"valid", "validation"}, {"test", "test"}}) {
    bool any = false;
    for (const Shard& shard : input.shards) any |= shard.split == split;
    if (any)
      out +=
          fmt::format("  - split: {}\n    path: {}-*.jsonl{}\n", name, split, input.recipe.compression ? ".zst" : "");
  }
  return out + "---\n";
}

std::string card_text(const CardInput& input, const Json& report) {
  std::string out =
      fmt::format("# Data card: {}\n\n{}, {} of text, built by Malmoi from {} ({}).\n",
                  escape_markdown(input.recipe.name), counted(input.tally.get("kept.documents"), "document"),
                  format_bytes(static_cast<double>(input.tally.get("kept.bytes"))), counted(input.plan.files, "file"),
                  format_bytes(static_cast<double>(input.plan.bytes)));
  out += "\n## Splits\n\n" + group_table(report["splits"], "split");
  out += "\n## Sources\n\n";
  std::vector<std::vector<std::string>> rows;
  for (const SourceSpec& source : input.recipe.sources) {
    std::string paths;
    for (const std::string& path : source.paths) paths += (paths.empty() ? "" : ", ") + path;
    Json sizes = report["sources"].contains(source.name) ? report["sources"][source.name] : Json::object();
    rows.push_back({source.name, paths, source.license.empty() ? "not declared" : source.license,
                    std::to_string(sizes.value("documents", uint64_t{0})),
                    format_bytes(static_cast<double>(sizes.value("bytes", uint64_t{0})))});
  }
  out += table({"source", "paths", "licence", "documents", "text"}, rows);
  out += "\n## Languages\n\n" + group_table(report["languages"], "language");
  out += "\n## Licences\n\n" + group_table(report["licenses"], "licence");
  out += "\n## Dropped, by rule\n\n" + count_table(report["dropped"], "rule");
  out += "\n## Changed, by rule\n\n" + count_table(report["changed"], "rule");
  out += "\n## Inputs that could not be read\n\n" + count_table(report["skipped"], "rule");
  out += "\n## Personal data found\n\n" + count_table(report["pii"], "type");
  out += "\n## Evaluation items found\n\n" + count_table(report["contamination"], "set");
  out += "\n## Samples\n";
  for (const Json& sample : input.samples) {
    std::string text = json_string(sample, "text");
    std::string fence = code_fence(text);
    out += fmt::format("\n**{}** ({}, {})\n\n{}\n{}\n{}\n", escape_markdown(json_string(sample, "id")),
                       escape_markdown(json_string(sample, "source")), escape_markdown(json_string(sample, "language")),
                       fence, text, fence);
  }
  out +=
      "\nEvery dropped or changed document stands in `events.jsonl.zst` with the rule; `malmoi data build --why ID "
      "--out DIR` asks for one.\n";
  return out;
}

}  // namespace

Json make_report(const CardInput& input) {
  const Tally& tally = input.tally;
  Json report;
  report["name"] = input.recipe.name;
  report["inputs"] = {{"files", input.plan.files},
                      {"bytes", input.plan.bytes},
                      {"documents", tally.get("documents.read")},
                      {"ignored", tally.get("inputs.ignored")},
                      {"skipped", tally.get("inputs.skipped")},
                      {"characters", tally.get("characters.extracted")}};
  report["kept"] = {{"documents", tally.get("kept.documents")},
                    {"bytes", tally.get("kept.bytes")},
                    {"characters", tally.get("kept.characters")}};
  report["splits"] = grouped(tally, "split.");
  report["sources"] = grouped(tally, "source.");
  report["languages"] = grouped(tally, "language.");
  report["licenses"] = grouped(tally, "license.");
  report["encodings"] = counts(tally.under("encoding."));
  report["dropped"] = counts(tally.under("dropped."));
  report["changed"] = counts(tally.under("changed."));
  report["skipped"] = counts(tally.under("skipped."));
  report["ignored"] = counts(tally.under("ignored."));
  report["pii"] = counts(tally.under("pii."));
  report["contamination"] = counts(tally.under("contamination."));
  report["lengths"] = Json::object();
  for (const auto& [width, n] : tally.under("length.")) {
    uint64_t high = uint64_t{1} << std::stoi(width);
    report["lengths"][fmt::format("{}-{}", high / 2, high - 1)] = n;
  }
  report["dedup"] = input.dedup;
  report["samples"] = input.samples;
  report["seconds"] = input.seconds;
  if (input.seconds > 0) {
    report["documents_per_second"] = static_cast<double>(tally.get("documents.read")) / input.seconds;
    report["mb_per_second"] = static_cast<double>(input.plan.bytes) / 1e6 / input.seconds;
  }
  return report;
}

Status write_cards(const CardInput& input, const Json& report) {
  const Path& out = input.recipe.out;
  MALMOI_TRY(write_file(out / "report.json", dump_json(report, 2) + "\n"));
  MALMOI_TRY(write_file(out / "report.html", report_page(report)));
  std::string card = card_text(input, report);
  MALMOI_TRY(write_file(out / "DATACARD.md", card));
  MALMOI_TRY(write_file(out / "README.md", readme_head(input) + card));
  Json machine;
  for (const char* key : {"name", "inputs", "kept", "splits", "sources", "languages", "licenses", "dropped", "changed",
                          "skipped", "pii", "contamination", "samples"})
    machine[key] = report[key];
  for (const SourceSpec& source : input.recipe.sources)
    machine["declared"].push_back({{"name", source.name}, {"paths", source.paths}, {"license", source.license}});
  MALMOI_TRY(write_file(out / "datacard.json", dump_json(machine, 2) + "\n"));
  return write_file(out / "manifest.json", dump_json(manifest_of(input), 2) + "\n");
}

}  // namespace malmoi::data
