#include "train/optimizer.h"

namespace malmoi::train {
namespace {

// One line an optimiser.
constexpr OptimizerEntry kOptimizers[] = {
    {"adamw", 2, make_adamw},
    {"muon", 2, make_muon},
    {"lion", 1, make_lion},
    {"sgd", 1, make_sgd},
};

}  // namespace

std::span<const OptimizerEntry> optimizer_table() { return kOptimizers; }

const OptimizerEntry& optimizer_entry(std::string_view name) {
  for (const OptimizerEntry& entry : kOptimizers) {
    if (entry.name == name) return entry;
  }
  return kOptimizers[0];
}

}  // namespace malmoi::train
