// Supervised fine-tuning: of texts, or of several packed into a row, the tokens that a mask names are learned.
#include "train/objectives/cross_entropy.h"
#include "train/objectives/packed_texts.h"

namespace malmoi::train::sft {
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

extern const ObjectiveEntry objective{.name = "sft",
                                      .task = model::Task::kCausalLm,
                                      .flat = false,
                                      .arrays = packed_texts(),
                                      .read = read,
                                      .make = make,
                                      .token_loss = true};

}  // namespace malmoi::train::sft
