#include "app/report/evaluations.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "base/counted.h"
#include "base/json_read.h"
#include "base/shown.h"
#include "formats/zstd_stream.h"

namespace malmoi::app {
namespace {

constexpr std::string_view kHeldOut = "valid_";
constexpr size_t kMostHeldOutFigures = 48;
constexpr size_t kLongestMetricsLine = 16 << 20;

Json held_out_figures(const Json& object) {
  Json figures = Json::object();
  for (const auto& [name, value] : object.items()) {
    if (!name.starts_with(kHeldOut) || !value.is_number() || !std::isfinite(value.get<double>())) continue;
    if (figures.size() == kMostHeldOutFigures) break;
    figures[name] = value.get<double>();
  }
  return figures;
}

// Most lines are of steps without an evaluation: those are not parsed.
template <typename Each>
void for_each_evaluation(const Path& metrics, const Each& each) {
  auto reader = formats::LineReader::open(metrics, kLongestMetricsLine);
  if (!reader.ok()) return;
  std::string_view text;
  while (true) {
    const auto more = reader->next(text);
    if (!more.ok() || !*more) return;
    if (text.find(kHeldOut) == std::string_view::npos) continue;
    const auto line = parse_json(text, "");
    if (!line.ok() || !line->is_object()) continue;
    const auto step = json_count(*line, "step", INT64_MAX - 1);
    Json figures = held_out_figures(*line);
    if (step && !figures.empty()) each(MeasuredStep{*step + 1, std::move(figures)});
  }
}

std::string bare_name(const std::string& name) { return show_controls(std::string_view(name).substr(kHeldOut.size())); }

Json to_json(const MeasuredStep& evaluation) { return {{"step", evaluation.step}, {"figures", evaluation.figures}}; }

}  // namespace

Evaluations read_evaluations(const Path& folder, const Json& facts) {
  Evaluations all;
  if (Json before = held_out_figures(json_object(facts, "before")); !before.empty())
    all.before = {0, std::move(before)};
  const auto best_step = json_count(facts, "best_step");
  for_each_evaluation(folder / "metrics.jsonl", [&](MeasuredStep evaluation) {
    if (evaluation.step == best_step) all.best = evaluation;
    all.last = std::move(evaluation);
  });
  return all;
}

std::string changes_text(const Evaluations& evaluations) {
  const auto& after = evaluations.after();
  if (!evaluations.before || !after) return "";
  struct Change {
    std::string name, before, after;
  };
  std::vector<Change> changes;
  size_t names = 0, numbers = 0;
  for (const auto& [name, value] : evaluations.before->figures.items()) {
    const auto then = json_number(after->figures, name);
    if (!then) continue;
    changes.push_back({bare_name(name), fmt::format("{:.4g}", value.get<double>()), fmt::format("{:.4g}", *then)});
    names = std::max(names, changes.back().name.size());
    numbers = std::max(numbers, changes.back().before.size());
  }
  if (changes.empty()) return "";
  std::string text = "held out, before -> after " + counted(after->step, "step") + "\n";
  for (const Change& change : changes)
    text += fmt::format("  {:<{}}  {:>{}} -> {}\n", change.name, names, change.before, numbers, change.after);
  return text;
}

Json to_json(const Evaluations& evaluations) {
  Json json = Json::object();
  if (!evaluations.before) return json;
  json["before"] = to_json(*evaluations.before);
  if (evaluations.best) json["best"] = to_json(*evaluations.best);
  if (evaluations.last) json["last"] = to_json(*evaluations.last);
  return json;
}

}  // namespace malmoi::app
