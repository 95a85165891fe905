#include "train/evaluator.h"

namespace malmoi::train {

// As many rows go together as in a forward pass.
Status Evaluator::open() {
  if (!in_.config->data.streams || !in_.valid) return {};
  MALMOI_ASSIGN(streams_, Streams::create(*in_.stepper->model().backbone, in_.config->batch_size));
  return {};
}

Status Evaluator::measure(int64_t step, StepMetrics& metrics) {
  MALMOI_TRY(measure_loss(metrics));
  measure_replay(metrics);
  measure_outputs(step, metrics);
  return {};
}

Status Evaluator::measure_loss(StepMetrics& metrics) {
  if (!in_.valid) return {};
  std::optional<LossSums> sums = evaluate_all(*in_.stepper, *in_.valid, in_.config->batch_size, events_.on_evaluation,
                                              streams_ ? &*streams_ : nullptr);
  if (!sums)
    return invalid_data("none of the targets of the validation data counts", "data.valid",
                        "give data with labels, or leave it out");
  for (const Figure& figure : sums->figures) {
    if (figure.values.empty()) metrics.figures.emplace_back("valid_" + std::string(figure.name), figure.value);
  }
  metrics.valid_loss = sums->loss;
  return {};
}

// Whether what was learned before is still known.
void Evaluator::measure_replay(StepMetrics& metrics) {
  if (!in_.replayed) return;
  std::optional<LossSums> sums =
      evaluate_all(*in_.stepper, *in_.replayed, in_.config->batch_size, events_.on_evaluation);
  if (sums) metrics.figures.emplace_back("valid_replay_loss", sums->loss);
}

void Evaluator::measure_outputs(int64_t step, StepMetrics& metrics) {
  if (!events_.measure) return;
  auto measured = events_.measure(step);
  if (!measured.ok()) {
    if (events_.warn) events_.warn("the outputs were not scored, training goes on: " + measured.error().to_string());
    return;
  }
  for (const auto& [name, value] : *measured) metrics.figures.emplace_back("valid_" + name, value);
}

}  // namespace malmoi::train
