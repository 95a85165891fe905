// The evaluations of a run, each as figures of a line of metrics.
#pragma once

#include <optional>

#include "train/loop.h"
#include "train/streams.h"

namespace malmoi::train {

/// Inputs and events outlive it. One thread.
class Evaluator {
 public:
  Evaluator(const LoopInputs& inputs, const LoopEvents& events) : in_(inputs), events_(events) {}

  /// Makes what it reads by. Errors: no memory for the states of streams.
  Status open();
  /// Whether there is anything to measure.
  bool has_any() const { return in_.valid || in_.replayed || events_.measure; }
  /// Adds the loss of the validation data and its figures, that of the replayed corpus, and what LoopEvents::measure says after
  /// `step` steps. Errors: none of the validation data's targets counts.
  Status measure(int64_t step, StepMetrics& metrics);

 private:
  Status measure_loss(StepMetrics& metrics);
  void measure_replay(StepMetrics& metrics);
  void measure_outputs(int64_t step, StepMetrics& metrics);

  const LoopInputs& in_;
  const LoopEvents& events_;
  std::optional<Streams> streams_;  // data.order: streams
};

}  // namespace malmoi::train
