// Causal language modelling: each token's target is the next one.
#include "train/objectives/cross_entropy.h"

namespace malmoi::train::causal_lm {
namespace {

void read(ConfigReader& reader, ObjectiveConfig& config) {
  config.label_smoothing = reader.number("label_smoothing", 0, 0, 0.99);
  config.z_loss = reader.number("z_loss", 0, 0, 1);
}

std::unique_ptr<Objective> make(const ObjectiveConfig& config, const FrozenModel&) {
  return std::make_unique<CrossEntropy>(CrossEntropyOptions{
      .label_smoothing = static_cast<float>(config.label_smoothing), .z_weight = static_cast<float>(config.z_loss)});
}

}  // namespace

extern const ObjectiveEntry objective{.name = "causal_lm",
                                      .task = model::Task::kCausalLm,
                                      .flat = true,
                                      .arrays = {},
                                      .read = read,
                                      .make = make,
                                      .token_loss = true};

}  // namespace malmoi::train::causal_lm
