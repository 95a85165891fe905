// Optimisers: each keeps its state a parameter and updates all of them in one pass a parameter.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "autograd/weight.h"
#include "train/config.h"

namespace malmoi::train {

using autograd::Parameter;

/// What a step gives the optimiser.
struct UpdateArgs {
  int64_t update = 1;     // counts updates from 1, skipped steps left out
  double lr = 0;          // of this step, by the schedule
  double grad_scale = 1;  // gradients are multiplied by it (clipping)
};

/// One state array: f32, as many elements as its parameter (or empty), for checkpoints.
struct StateTensor {
  std::string name;
  Tensor values;
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  /// Updates masters and compute copies from gradients. Not thread-safe.
  virtual void update(const UpdateArgs& args) = 0;
  /// Arrays to save and restore, in a fixed order.
  virtual std::vector<StateTensor> state() = 0;
};

/// A line of the table: its name, its state's f32 arrays a parameter element (for memory plans), and how to make it.
struct OptimizerEntry {
  std::string_view name;
  int state_arrays;
  std::unique_ptr<Optimizer> (*make)(const OptimizerConfig& config, std::vector<Parameter*> parameters);
};
std::span<const OptimizerEntry> optimizer_table();
const OptimizerEntry& optimizer_entry(std::string_view name);

std::unique_ptr<Optimizer> make_adamw(const OptimizerConfig& config, std::vector<Parameter*> parameters);
std::unique_ptr<Optimizer> make_muon(const OptimizerConfig& config, std::vector<Parameter*> parameters);
std::unique_ptr<Optimizer> make_lion(const OptimizerConfig& config, std::vector<Parameter*> parameters);
std::unique_ptr<Optimizer> make_sgd(const OptimizerConfig& config, std::vector<Parameter*> parameters);

}  // namespace malmoi::train
