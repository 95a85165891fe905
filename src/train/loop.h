// The training loop: steps, evaluations, checkpoints, early stopping, metrics; resumable to the bit.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/model.h"
#include "train/config.h"
#include "train/evaluation.h"
#include "train/metrics_file.h"
#include "train/stepper.h"

namespace malmoi::train {

/// A figure by name.
using NamedFigure = std::pair<std::string, double>;

/// What the loop tells while it runs; any may be empty. Called on the loop's thread.
struct LoopEvents {
  std::function<void(const StepMetrics&)> on_step;
  EvaluationProgress on_evaluation;
  /// Figures of the validation data that the objective does not give (those of generated texts), after each evaluation; without
  /// validation data they are the evaluation. An error is told, and training goes on.
  std::function<Result<std::vector<NamedFigure>>(int64_t step)> measure;
  std::function<void(int64_t step)> on_evaluated;       // after each evaluation: samples are made here
  std::function<Status(const StepMetrics&)> on_before;  // the evaluation before the first step (train.eval_first)
  std::function<Status(int64_t step, double valid_loss)> on_best;  // a new best: export the model
  std::function<void(const std::string&)> warn;
  std::function<bool()> stop_requested;
};

struct LoopResult {
  int64_t steps = 0;  // completed
  bool stopped_early = false, interrupted = false;
  int64_t skipped_steps = 0;
  double best_valid_loss = 0;             // of the best step
  std::optional<NamedFigure> best_score;  // by train.best_metric, where that is not the loss
  int64_t best_step = -1;
  std::optional<double> last_loss, last_valid_loss;
  int64_t resumed_from = 0;
  int64_t saved_step = -1;       // of the newest checkpoint; -1: there is none
  std::optional<Error> unsaved;  // interrupted: why there is no checkpoint of the last step
};

struct LoopInputs {
  const TrainConfig* config = nullptr;
  Stepper* stepper = nullptr;
  Optimizer* optimizer = nullptr;
  ExampleSource* train = nullptr;
  const ExampleSource* valid = nullptr;  // null: none
  const ExampleSource* replayed =
      nullptr;                         // held out of a corpus that is replayed: its loss is a figure of evaluations
  std::vector<Tensor>* ema = nullptr;  // one a trainable parameter, or null
  int64_t steps = 0;
  uint64_t sequences =
      0;  // above 0: after so many the run ends, its last step taking what is left; `steps` follows from it
  bool resume = false;
};

/// Runs until the steps are done, validation stops improving, or a stop is requested (then a checkpoint is left), also while a
/// step's examples are made (ExampleSource::prepare() gives kCancelled then).
/// Resumed, it reads on from the sequence that the checkpoint names, whatever the batch was.
/// Errors: a checkpoint of another model or optimiser, or none that is whole among those that there are; too many bad
/// steps in a row: where they were not finite, checkpoints of the weights that they began with are put aside, if there is one
/// before. What cannot be written on the way (a checkpoint, metrics, the best model) is a warning: training goes on with the
/// last good one. Weights that are not finite are never written.
Result<LoopResult> run_loop(const LoopInputs& inputs, const LoopEvents& events);

}  // namespace malmoi::train
