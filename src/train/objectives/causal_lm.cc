// Causal language modelling: each token's target is the next one.
#include "train/objectives/cross_entropy.h"

namespace malmoi::train::causal_lm {
namespace {

std::unique_ptr<Objective> make(const ObjectiveConfig& config, const FrozenModel&) {
  return std::make_unique<CrossEntropy>(smoothed(config));
}

}  // namespace

extern const ObjectiveEntry objective{.name = "causal_lm",
                                      .task = model::Task::kCausalLm,
                                      .flat = true,
                                      .arrays = {},
                                      .read = read_smoothing,
                                      .make = make,
                                      .token_loss = true};

}  // namespace malmoi::train::causal_lm
