// What a step takes, from a rehearsal: every allocation is made, nothing is computed.
#pragma once

#include <algorithm>

#include "autograd/context.h"
#include "model/model.h"
#include "train/objective.h"
#include "train/optimizer.h"

namespace malmoi::train {

/// Bytes.
struct MemoryPlan {
  size_t weights = 0;  // masters and compute copies
  size_t gradients = 0;
  size_t optimizer = 0;
  size_t activations = 0;  // the arena's peak
  size_t answers = 0;      // states of answers that are sampled before a step
  size_t judges = 0;       // reward models, with their passes
  size_t asked = 0;        // weights of a model that is let go before what a step takes is touched
  size_t process = 0;      // program, libraries, prepared products
  size_t total() const {
    const size_t step = gradients + optimizer + activations;
    return weights + std::max(step, asked) + answers + judges + process;
  }
};

struct PlanInput {
  const model::Model& model;  // with memory or without; it is not changed
  const Objective& objective;
  DType dtype = DType::kF32;
  const OptimizerConfig& optimizer;
  int64_t batch_size = 0, sequence_length = 0;
  autograd::Checkpointing checkpointing = autograd::Checkpointing::kCheap;
};
MemoryPlan plan_memory(const PlanInput& input);

/// Tokens of an example whose texts (a prompt with two answers, a source and its output) all have `sequence_length` tokens.
int64_t tokens_per_example(const Objective& objective, int64_t sequence_length);

/// FLOPs of products and attention, forward and backward, for each token that is read. Nothing is computed twice.
double training_flops_per_token(const model::Model& model, const Objective& objective, int64_t sequence_length);

}  // namespace malmoi::train
