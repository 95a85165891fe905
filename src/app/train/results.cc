#include "app/train/results.h"

#include <cmath>

namespace malmoi::app {

Json to_json(const TrainReport& report) {
  Json json = {{"predicted_memory_bytes", report.predicted_memory_bytes},
               {"started", report.started},
               {"parameters", report.parameters},
               {"cpu", report.cpu},
               {"isa", report.isa},
               {"threads", report.threads},
               {"dtype", report.dtype},
               {"train_tokens", report.train_tokens}};
  if (report.adapter_parameters) json["adapter_parameters"] = *report.adapter_parameters;
  if (report.valid_tokens) json["valid_tokens"] = *report.valid_tokens;
  json["flops_per_token"] = report.flops_per_token;
  json["status"] = report.status;
  json["finished"] = report.finished;
  json["seconds"] = report.seconds;
  json["steps"] = report.steps;
  json["peak_memory_bytes"] = report.peak_memory_bytes;
  json["skipped_steps"] = report.skipped_steps;
  if (report.loss) json["loss"] = *report.loss;
  if (!report.before.empty()) json["before"] = report.before;
  if (report.best) {
    json["best_step"] = report.best->step;
    if (std::isfinite(report.best->valid_loss)) json["best_valid_loss"] = report.best->valid_loss;
    if (report.best->score) json["best_" + report.best->score->first] = report.best->score->second;
    if (report.best->perplexity) json["perplexity"] = *report.best->perplexity;
    if (report.best->bits_per_byte) json["bits_per_byte"] = *report.best->bits_per_byte;
  }
  return json;
}

Json to_json(const PlanReport& report) {
  Json json = {{"architecture", report.architecture},
               {"parameters", report.parameters},
               {"tokens_per_step", report.tokens_per_step},
               {"flops_per_token", report.flops_per_token},
               {"flops_per_step", report.flops_per_step()},
               {"batch_size", report.batch_size},
               {"gradient_accumulation", report.gradient_accumulation},
               {"checkpointing", report.checkpointing}};
  if (report.adapter_parameters) json["adapter_parameters"] = *report.adapter_parameters;
  json["memory_bytes"] = {{"weights", report.memory.weights},     {"gradients", report.memory.gradients},
                          {"optimizer", report.memory.optimizer}, {"activations", report.memory.activations},
                          {"process", report.memory.process},     {"total", report.memory.total()}};
  if (report.memory.answers > 0) json["memory_bytes"]["answers"] = report.memory.answers;
  if (report.memory.asked > 0) json["memory_bytes"]["asked_before"] = report.memory.asked;
  if (report.memory.judges > 0) json["memory_bytes"]["reward_models"] = report.memory.judges;
  json["machine_memory_bytes"] = report.machine_memory;
  json["fits"] = report.does_not_fit.empty();
  if (!report.does_not_fit.empty()) {
    json["does_not_fit"] = report.does_not_fit;
    json["remedy"] = report.remedy;
  }
  json["dtype"] = report.dtype;
  json[report.measured ? "measured_flops_per_second" : "given_flops_per_second"] = report.flops_per_second;
  json["seconds_per_step"] = report.seconds_per_step;
  json["tokens_per_second"] = report.tokens_per_second();
  json["steps"] = report.steps;
  json["tokens"] = report.tokens_per_step * report.steps;
  json["seconds"] = report.seconds_per_step * static_cast<double>(report.steps);
  if (report.ways.empty()) return json;
  json["way"] = report.way;
  json["ways"] = Json::array();
  for (const PlanReport::Way& way : report.ways)
    json["ways"].push_back({{"name", way.name},
                            {"trained_parameters", way.trained},
                            {"memory_bytes", way.memory},
                            {"fits", way.fits},
                            {"seconds_per_step", way.seconds_per_step},
                            {"seconds", way.seconds}});
  return json;
}

}  // namespace malmoi::app
