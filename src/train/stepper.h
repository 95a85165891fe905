// One training step: forward and backward over micro-batches, clipping, update; and evaluation on the same memory.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "autograd/tape.h"
#include "model/model.h"
#include "train/optimizer.h"
#include "train/spike_watch.h"
#include "train/token_data.h"

namespace malmoi::train {

struct StepperOptions {
  autograd::Checkpointing checkpointing = autograd::Checkpointing::kCheap;
  uint64_t seed = 1;
  double grad_clip = 1.0;  // 0: none
  float label_smoothing = 0, z_weight = 0;
  size_t arena_bytes = 0;      // capacity; from plan_memory
  bool int8_products = false;  // of training steps; evaluation stays in the model's type
};

struct StepResult {
  double loss = 0;       // mean over counted targets, before the update
  double grad_norm = 0;  // before clipping
  int64_t counted = 0;
  bool skipped = false;  // nothing was updated: loss or gradients were not finite, or a spike
  bool spike = false;    // beyond both limits
};

struct EvalResult {
  double loss_sum = 0;
  int64_t counted = 0;
  double mean() const { return counted > 0 ? loss_sum / static_cast<double>(counted) : 0; }
};

/// Owns the memory of the step; the model and optimiser live elsewhere. One thread.
class Stepper {
 public:
  static Result<Stepper> create(model::Model& model, Optimizer& optimizer, const StepperOptions& options);

  /// Fills micro-batch `i` of the step, 0 <= i < count. All counted targets weigh the same, over the whole step.
  using Fill = std::function<void(int64_t i, MicroBatch& out)>;
  /// `update` counts updates from 1; `micro_index` is the number of this step's first micro-batch in the run, which with
  /// the seed determines dropout.
  StepResult step(int64_t count, const Fill& fill, uint64_t micro_index, int64_t update, double lr);
  /// Forward alone, without dropout.
  EvalResult evaluate(const MicroBatch& batch);

  void set_limits(const StepLimits& limits) { limits_ = limits; }
  void set_profile(autograd::Profile* profile) { context_->profile = profile; }
  const Arena& arena() const { return *arena_; }
  model::Model& model() { return *model_; }

 private:
  Stepper() = default;
  StepResult finish(double loss_sum, int64_t counted, int64_t update, double lr);
  model::Model* model_ = nullptr;
  Optimizer* optimizer_ = nullptr;
  StepperOptions options_;
  StepLimits limits_;
  std::unique_ptr<Arena> arena_;
  std::unique_ptr<StoragePool> pool_;
  std::unique_ptr<autograd::Tape> tape_;
  std::unique_ptr<autograd::Context> context_;
  std::vector<MicroBatch> micro_;
};

/// What a step takes, from a rehearsal: every allocation is made, nothing is computed.
struct MemoryPlan {
  size_t weights = 0;  // masters and compute copies
  size_t gradients = 0;
  size_t optimizer = 0;
  size_t activations = 0;  // the arena's peak
  size_t process = 0;      // program, libraries, prepared products
  size_t total() const { return weights + gradients + optimizer + activations + process; }
};
/// `model` must be without memory (Purpose::kRehearsal) or have it already; it is not changed.
MemoryPlan plan_memory(const model::Model& model, DType dtype, const OptimizerConfig& optimizer, int64_t batch_size,
                       int64_t sequence_length, autograd::Checkpointing checkpointing);

}  // namespace malmoi::train
