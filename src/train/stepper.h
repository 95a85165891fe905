// One training step: an objective over micro-batches, clipping, update; and evaluation on the same memory.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "autograd/tape.h"
#include "model/model.h"
#include "tensor/stream.h"
#include "train/objective.h"
#include "train/optimizer.h"
#include "train/spike_watch.h"

namespace malmoi::train {

struct StepperOptions {
  autograd::Checkpointing checkpointing = autograd::Checkpointing::kCheap;
  uint64_t seed = 1;
  double grad_clip = 1.0;      // 0: none
  size_t arena_bytes = 0;      // capacity; from plan_memory
  bool int8_products = false;  // of training steps; evaluation stays in the model's type
};

struct StepResult {
  double loss = 0;       // the objective's, before the update
  double grad_norm = 0;  // before clipping
  Counts counts;
  std::vector<Figure> figures;  // what the objective tells by name
  bool skipped = false;         // nothing was updated: loss or gradients were not finite, or a spike
  bool spike = false;           // beyond both limits
};

/// Owns the memory of the step; model, objective and optimiser live elsewhere. One thread.
class Stepper {
 public:
  static Result<Stepper> create(model::Model& model, const Objective& objective, Optimizer& optimizer,
                                const StepperOptions& options);

  /// Fills micro-batch `i` of the step, 0 <= i < count. The loss is a mean over what counts in all of them.
  using Fill = std::function<void(int64_t i, Examples& out)>;
  /// `update` counts updates from 1; `micro_index` is the number of this step's first micro-batch in the run, which with
  /// the seed determines dropout.
  StepResult step(int64_t count, const Fill& fill, uint64_t micro_index, int64_t update, double lr);
  /// What Counts::baseline of these examples is, without a tape; step() asks for it itself.
  double prepare(std::span<const Examples> parts) const;
  /// Forward alone, without dropout: the examples' share of the means over `whole`.
  LossSums evaluate(const Examples& examples, const Counts& whole);

  void set_limits(const StepLimits& limits) { limits_ = limits; }
  void set_profile(autograd::Profile* profile) { context_->profile = profile; }
  /// Who is told of each gradient that is final, during the backward pass of a step's last micro-batch; null: nobody.
  void on_final_gradient(autograd::GradientSink* sink) { sink_ = sink; }
  const Arena& arena() const { return *arena_; }
  model::Model& model() { return *model_; }
  const Objective& objective() const { return *objective_; }

 private:
  Stepper() = default;
  StepResult finish(const LossSums& sums, const Counts& counts, int64_t update, double lr);
  double gradient_norm();
  /// Examples of which nothing counts, for the states that streams have after them.
  void read_on(const Examples& examples, const Counts& whole);

  model::Model* model_ = nullptr;
  const Objective* objective_ = nullptr;
  Optimizer* optimizer_ = nullptr;
  std::vector<Entry*> trained_;  // the model's, and its companion's
  autograd::GradientSink* sink_ = nullptr;
  StepperOptions options_;
  StepLimits limits_;
  std::unique_ptr<Arena> arena_;
  std::unique_ptr<StoragePool> pool_;
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<autograd::Tape> tape_;
  std::unique_ptr<autograd::Context> context_;
  std::vector<Examples> micro_;
};

}  // namespace malmoi::train
