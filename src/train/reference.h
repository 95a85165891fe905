// What a model that is not trained says of the examples that another one learns from.
#pragma once

#include <span>
#include <vector>

#include "base/temporarily.h"
#include "train/objective.h"

namespace malmoi::train {

/// While it lives the context records nothing, counts no routers, drops nothing out and goes through the adapter of a frozen model.
class Aside {
 public:
  Aside(autograd::Context& context, const FrozenModel& frozen);

 private:
  Temporarily<autograd::Tape*> tape_;
  Temporarily<autograd::RouterBalance*> balance_;
  Temporarily<bool> training_;
  Temporarily<std::span<const int32_t>> adapters_;
};

/// Memory of a frozen model; none where it is the one that is trained.
size_t bytes_of(const FrozenModel& frozen);

/// Log-probabilities of the examples' targets, in their order, under `frozen`; where that names no model, under `trained`.
std::vector<float> frozen_logps(autograd::Context& context, const FrozenModel& frozen, const model::Model& trained,
                                const Examples& examples);

}  // namespace malmoi::train
