#include "train/optimizer.h"

#include <algorithm>
#include <cassert>

namespace malmoi::train {

#define OPTIMIZER(name) extern const OptimizerEntry name##_optimizer;
#include "train/optimizers/table.inc"
#undef OPTIMIZER

std::span<const OptimizerEntry* const> optimizer_table() {
  static constexpr const OptimizerEntry* kTable[] = {
#define OPTIMIZER(name) &name##_optimizer,
#include "train/optimizers/table.inc"
#undef OPTIMIZER
  };
  return kTable;
}

const OptimizerEntry& optimizer_entry(std::string_view name) {
  auto table = optimizer_table();
  auto found = std::find_if(table.begin(), table.end(), [&](const OptimizerEntry* e) { return e->name == name; });
  assert(found != table.end());
  return **found;
}

std::vector<Entry*> trainable_entries(const nn::ParameterSet& parameters) {
  std::vector<Entry*> list;
  for (const auto& entry : parameters.entries()) {
    if (entry->parameter.trainable) list.push_back(entry.get());
  }
  return list;
}

std::vector<Entry*> trainable_entries(const model::Model& model) {
  std::vector<Entry*> list = trainable_entries(model.parameters);
  auto append = [&](const nn::ParameterSet& parameters) {
    for (Entry* entry : trainable_entries(parameters)) list.push_back(entry);
  };
  if (model.adapter) append(model.adapter->parameters);
  if (model.companion) append(model.companion->parameters);
  return list;
}

std::unique_ptr<Optimizer> make_optimizer(const OptimizerConfig& config, const nn::ParameterSet& parameters) {
  return optimizer_entry(config.name).make(config, trainable_entries(parameters));
}

std::unique_ptr<Optimizer> make_optimizer(const OptimizerConfig& config, const model::Model& model) {
  return optimizer_entry(config.name).make(config, trainable_entries(model));
}

}  // namespace malmoi::train
