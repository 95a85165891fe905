#include "app/train/train.h"

#include <fmt/format.h>

#include "app/recipe/kinds/kinds.h"
#include "app/recipe/kinds/paths.h"
#include "app/report/evaluations.h"
#include "base/json_read.h"
#include "base/log.h"
#include "base/shown.h"

namespace malmoi::app::kinds {
namespace {

std::vector<Path> train_inputs(const Json& settings) {
  std::vector<Path> paths;
  const Json data = part(settings, "data");
  add_paths(data, {"train", "valid", "loss_mask"}, paths);
  add_paths(part(data, "replay"), {"train", "valid"}, paths);
  add_chat_template(data, paths);
  add_paths(part(settings, "objective"), {"reference", "teacher"}, paths);
  add_paths(part(settings, "model"), {"init_from"}, paths);
  add_paths(part(settings, "adapter"), {"init_from"}, paths);
  add_paths(settings, {"tokenizer"}, paths);
  return paths;
}

Status train_run(const StageCall& call) {
  ConfigDocument document = call.settings;
  if (document.root.contains("out"))
    return usage_error("the stage's own out is where the run goes", document.where("out"), "remove this key");
  document.root["out"] = call.out.string();
  Result<TrainReport> report = train(document, {.resume = call.resume, .trace = {}}, call.job);
  if (report.ok()) return {};
  Error error = std::move(report).error();
  if (error.code == ErrorCode::kCancelled) error.remedy = "run the recipe again to go on";
  return error;
}

Result<Json> train_result(const Path& out) { return read_json((out / "run.json").string()); }

// By what the best weights are known, and when they were.
std::string best_text(const Json& facts) {
  std::string text;
  const auto step = json_count(facts, "best_step");
  if (!step) return text;
  for (const auto& [name, value] : facts.items()) {
    if (!name.starts_with("best_") || name == "best_step" || !value.is_number()) continue;
    const std::string what = name == "best_valid_loss" ? "validation loss" : show_controls(name.substr(5));
    text += fmt::format("{}best {} {:.4f}", text.empty() ? "; " : ", ", what, value.get<double>());
  }
  return text.empty() ? text : text + fmt::format(" at step {}", *step);
}

Result<std::string> train_show(const Path& out) {
  MALMOI_ASSIGN(Json facts, train_result(out));
  auto number = [&](const char* key) { return json_number(facts, key).value_or(0); };
  std::string text = fmt::format("{} parameters, {} steps, {} in {}", format_count(number("parameters")),
                                 number("steps"), json_string(facts, "status"), format_duration(number("seconds")));
  text += best_text(facts) + "\n" + changes_text(read_evaluations(out, facts));
  return text + fmt::format("report: {}\n", (out / "report.html").string());
}

}  // namespace

const StageKind kTrain = {"train",
                          "train a model; settings are a training configuration without out",
                          1,
                          true,
                          train_inputs,
                          train_run,
                          train_show,
                          train_result};

}  // namespace malmoi::app::kinds
