// Supervised fine-tuning: of texts, or of several packed into a row, the tokens that a mask names are learned.
#include "train/objectives/cross_entropy.h"
#include "train/objectives/packed_texts.h"

namespace malmoi::train::sft {
namespace {

std::unique_ptr<Objective> make(const ObjectiveConfig& config, const FrozenModel&) {
  return std::make_unique<CrossEntropy>(smoothed(config));
}

}  // namespace

extern const ObjectiveEntry objective{.name = "sft",
                                      .task = model::Task::kCausalLm,
                                      .flat = false,
                                      .arrays = packed_texts(),
                                      .read = read_smoothing,
                                      .make = make,
                                      .token_loss = true};

}  // namespace malmoi::train::sft
