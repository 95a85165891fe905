// What a configuration leaves to the program: the type of products (dtype: auto), and as many steps as fit a time
// (minutes). What was chosen stands in the run's folder (chosen.json), so that a resumed run goes on with the same.
#pragma once

#include <functional>

#include "app/train/run_folder.h"
#include "app/train/speed.h"
#include "base/error.h"
#include "base/job.h"
#include "tensor/precision.h"
#include "train/config.h"

namespace malmoi::app {

/// The type in which products are fastest here: bf16 where the CPU multiplies it by itself, else f32.
Precision fastest_precision();

/// A run's length and what follows from it.
struct ChosenLength {
  int64_t steps = 1, warmup_steps = 0, decay_steps = 0, eval_every = 0;
};
/// As many steps as fit `seconds` with their evaluations and checkpoints, one of each after the last step. Warm-up takes a tenth
/// of them at most. Where the configuration does not say after how many steps to evaluate: ten times in the run, less often
/// where that would take a fifth of the time.
ChosenLength fit_length(const train::TrainConfig& config, const Speed& speed, double seconds);

class Choices {
 public:
  /// `resume`: what the run in the folder chose before holds again.
  Choices(const RunFolder& folder, bool resume, Clock clock = monotonic_seconds);

  /// Fills in `precision` where the configuration leaves it open, and says which.
  Status choose_precision(train::TrainConfig& config, const Job& job);
  /// Fills in the steps where the configuration gives minutes; `measure` is called unless they are known. Returns whether it
  /// was.
  Result<bool> choose_length(train::TrainConfig& config, const std::function<Result<Speed>(double seconds)>& measure,
                             const Job& job);

 private:
  Status write() const { return write_file(folder_ / "chosen.json", dump_json(chosen_, 2) + "\n"); }

  const RunFolder& folder_;
  Clock clock_;
  Json chosen_ = Json::object();
};

}  // namespace malmoi::app
