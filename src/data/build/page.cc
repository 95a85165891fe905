// report.html: tables and bar charts as plain HTML and SVG; nothing is loaded from elsewhere.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "data/build/card.h"

namespace malmoi::data {
namespace {

constexpr const char* kPageHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>)";
constexpr const char* kStyle = R"(</title><style>
:root{color-scheme:light dark;--ink:#1b1d22;--soft:#6a707c;--line:#d9dde3;--bar:#2f6fb5;--back:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e6e8ec;--soft:#9aa1ad;--line:#33373f;--bar:#6aa5e8;--back:#15171b}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back);max-width:62rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;margin:0 0 .3rem}h2{font-size:1.1rem;margin:2.2rem 0 .6rem}p.sub{color:var(--soft);margin:0 0 1.5rem}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.8rem}.card{border:1px solid var(--line);border-radius:8px;padding:.7rem .9rem}
.card b{display:block;font-size:1.35rem;font-variant-numeric:tabular-nums}.card span{color:var(--soft);font-size:.85rem}
svg text{font:13px system-ui,sans-serif;fill:var(--ink)}svg .n{fill:var(--soft);font-variant-numeric:tabular-nums}svg rect{fill:var(--bar)}
blockquote{margin:.4rem 0 1rem;padding:.4rem .9rem;border-left:3px solid var(--line);white-space:pre-wrap}code{color:var(--soft)}
</style></head><body>
)";

std::string escape(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else out += c;
  }
  return out;
}

using Bars = std::vector<std::pair<std::string, double>>;

std::string chart(const std::string& title, const Bars& bars, bool bytes) {
  if (bars.empty()) return {};
  double largest = 1;
  for (const auto& [name, value] : bars) largest = std::max(largest, value);
  std::string out = fmt::format("<h2>{}</h2><svg viewBox=\"0 0 760 {}\" width=\"100%\" role=\"img\" aria-label=\"{}\">",
                                escape(title), 26 * bars.size() + 4, escape(title));
  double y = 4;
  for (const auto& [name, value] : bars) {
    out += fmt::format(
        "<text x=\"250\" y=\"{}\" text-anchor=\"end\">{}</text><rect x=\"260\" y=\"{}\" width=\"{:.1f}\" height=\"16\" "
        "rx=\"3\"><title>{}</title></rect>"
        "<text class=\"n\" x=\"{:.1f}\" y=\"{}\">{}</text>",
        y + 14, escape(name), y + 2, std::max(1.0, value / largest * 390), escape(name), 268 + value / largest * 390,
        y + 14, bytes ? format_bytes(value) : fmt::format("{:.0f}", value));
    y += 26;
  }
  return out + "</svg>\n";
}

Bars bars_of(const Json& map, bool sort) {
  Bars bars;
  for (const auto& [name, n] : map.items()) bars.emplace_back(name, n.get<double>());
  if (sort)
    std::stable_sort(bars.begin(), bars.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  if (bars.size() > 40) bars.resize(40);
  return bars;
}

Bars bars_of_groups(const Json& groups, const char* key) {
  Bars bars;
  for (const auto& [name, value] : groups.items()) bars.emplace_back(name, value.value(key, 0.0));
  std::stable_sort(bars.begin(), bars.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  return bars;
}

std::string card(const std::string& value, const char* label) {
  return fmt::format("<div class=\"card\"><b>{}</b><span>{}</span></div>", value, label);
}

// Lengths sort by number, not by name.
Bars length_bars(const Json& lengths) {
  std::vector<std::pair<uint64_t, std::pair<std::string, double>>> sorted;
  for (const auto& [name, n] : lengths.items())
    sorted.push_back({std::stoull(name), {name + " characters", n.get<double>()}});
  std::sort(sorted.begin(), sorted.end());
  Bars bars;
  for (auto& [key, bar] : sorted) bars.push_back(std::move(bar));
  return bars;
}

std::string clusters(const Json& dedup) {
  std::string out;
  for (const auto& [name, report] : dedup.items()) {
    if (!report.contains("samples") || report["samples"].empty()) continue;
    out += fmt::format("<h2>Copies joined ({}), samples</h2>", escape(name));
    for (const Json& sample : report["samples"])
      out += fmt::format(
          "<p><code>{}</code> and <code>{}</code>, Jaccard "
          "{:.3f}</p><blockquote>{}</blockquote><blockquote>{}</blockquote>",
          escape(json_string(sample, "a")), escape(json_string(sample, "b")), sample.value("jaccard", 0.0),
          escape(json_string(sample, "text_a")), escape(json_string(sample, "text_b")));
  }
  return out;
}

}  // namespace

std::string report_page(const Json& report) {
  const Json &inputs = report["inputs"], &kept = report["kept"];
  std::string name = escape(json_string(report, "name"));
  std::string out = std::string(kPageHead) + "Corpus " + name + kStyle;
  out += fmt::format(
      "<h1>Corpus {}</h1><p class=\"sub\">built by Malmoi in {}; every dropped document stands in "
      "<code>events.jsonl.zst</code> with its rule</p><div class=\"cards\">",
      name, format_duration(report.value("seconds", 0.0)));
  out += card(format_count(inputs.value("documents", 0.0)), "documents read") +
         card(format_bytes(inputs.value("bytes", 0.0)), "input") +
         card(format_count(kept.value("documents", 0.0)), "documents kept") +
         card(format_bytes(kept.value("bytes", 0.0)), "text kept") +
         card(fmt::format("{:.0f}", report.value("documents_per_second", 0.0)), "documents/s") +
         card(fmt::format("{:.1f}", report.value("mb_per_second", 0.0)), "MB/s of input") +
         card(fmt::format("{:.0f}", inputs.value("skipped", 0.0)), "inputs not readable") + "</div>\n";
  out += chart("Text by split", bars_of_groups(report["splits"], "bytes"), true);
  out += chart("Text by language", bars_of_groups(report["languages"], "bytes"), true);
  out += chart("Text by source", bars_of_groups(report["sources"], "bytes"), true);
  out += chart("Text by licence", bars_of_groups(report["licenses"], "bytes"), true);
  out += chart("Dropped, by rule", bars_of(report["dropped"], true), false);
  out += chart("Changed, by rule", bars_of(report["changed"], true), false);
  out += chart("Inputs that could not be read", bars_of(report["skipped"], true), false);
  out += chart("Passed over: no documents", bars_of(report["ignored"], true), false);
  out += chart("Encodings", bars_of(report["encodings"], true), false);
  out += chart("Lengths of the documents kept", length_bars(report["lengths"]), false);
  out += chart("Personal data found", bars_of(report["pii"], true), false);
  out += chart("Evaluation items found", bars_of(report["contamination"], true), false);
  out += clusters(report["dedup"]);
  if (!report["samples"].empty()) out += "<h2>Samples</h2>";
  for (const Json& sample : report["samples"])
    out += fmt::format("<p><code>{}</code> ({})</p><blockquote>{}</blockquote>", escape(json_string(sample, "id")),
                       escape(json_string(sample, "language")), escape(json_string(sample, "text")));
  return out + "</body></html>\n";
}

}  // namespace malmoi::data
