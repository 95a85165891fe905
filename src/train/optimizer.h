// Optimisers: each keeps its state a parameter and updates all of them in one pass a parameter.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "model/model.h"

namespace malmoi::train {

using autograd::Parameter;
using Entry = nn::ParameterSet::Entry;

/// The options of all optimisers; each reads its own, with its own defaults.
struct OptimizerConfig {
  std::string name = "adamw";  // a name of optimizer_table()
  double lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.95, eps = 1e-8, weight_decay = 0.1;
  double momentum = 0, dampening = 0;
  bool nesterov = false;
  int64_t ns_steps = 5;                // Newton-Schulz iterations
  bool match_rms_adamw = false;        // muon's scale: 0.2 sqrt(max(rows, columns)), else sqrt(max(1, rows / columns))
  double adamw_lr = 0;                 // muon: of what is no matrix
  double eps1 = 0x1p-23, eps2 = 1e-3;  // adafactor: of squares, of the size of weights
  double clip_threshold = 1, beta2_decay = -0.8;
  bool operator==(const OptimizerConfig&) const = default;
};

/// What a step gives the optimiser.
struct UpdateArgs {
  int64_t update = 1;     // counts updates from 1, skipped steps left out
  double lr = 0;          // of this step, by the schedule
  double grad_scale = 1;  // gradients are multiplied by it (clipping)
};

/// One state array: f32, for checkpoints.
struct StateTensor {
  std::string name;
  Tensor values;
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  /// Updates masters and compute copies from gradients. What the step did not reach (grad_ready is false) stays as it is,
  /// decay included. Not thread-safe.
  virtual void update(const UpdateArgs& args) = 0;
  /// Arrays to save and restore, in a fixed order.
  virtual std::vector<StateTensor> state() = 0;
};

/// A line of the table.
struct OptimizerEntry {
  std::string_view name;
  void (*read)(ConfigReader& reader, OptimizerConfig& config);  // its options but lr, which all have
  double default_lr;
  /// f32 numbers of state that a parameter takes.
  size_t (*state_elements)(const OptimizerConfig& config, const Entry& entry);
  std::unique_ptr<Optimizer> (*make)(const OptimizerConfig& config, std::vector<Entry*> entries);
};
std::span<const OptimizerEntry* const> optimizer_table();
/// `name` must stand in the table.
const OptimizerEntry& optimizer_entry(std::string_view name);

/// The parameters that are trained, in their order: those that an optimiser, a checkpoint and an average hold.
std::vector<Entry*> trainable_entries(const nn::ParameterSet& parameters);
/// The model's, then its adapter's, then its companion's own.
std::vector<Entry*> trainable_entries(const model::Model& model);
/// Of `config` for the trainable parameters.
std::unique_ptr<Optimizer> make_optimizer(const OptimizerConfig& config, const nn::ParameterSet& parameters);
std::unique_ptr<Optimizer> make_optimizer(const OptimizerConfig& config, const model::Model& model);

}  // namespace malmoi::train
