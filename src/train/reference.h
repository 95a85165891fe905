// What a model that is not trained says of the examples that another one learns from.
#pragma once

#include <utility>
#include <vector>

#include "train/objective.h"

namespace malmoi::train {

/// While it lives the context records nothing, drops nothing out and goes through the adapter of a frozen model.
class Aside {
 public:
  Aside(autograd::Context& context, const FrozenModel& frozen);
  ~Aside();
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;

 private:
  autograd::Context& context_;
  autograd::Tape* tape_;
  bool training_;
  std::span<const int32_t> adapters_;
};

/// While it lives nothing is dropped out: the difference of two passes would be that of their masks.
class WithoutDropout {
 public:
  explicit WithoutDropout(autograd::Context& context) : context_(context), training_(context.training) {
    context.training = false;
  }
  ~WithoutDropout() { context_.training = training_; }
  WithoutDropout(const WithoutDropout&) = delete;
  WithoutDropout& operator=(const WithoutDropout&) = delete;

 private:
  autograd::Context& context_;
  bool training_;
};

/// Memory of a frozen model; none where it is the one that is trained.
size_t bytes_of(const FrozenModel& frozen);

/// Log-probabilities of the examples' targets, in their order, under `frozen`; where that names no model, under `trained`.
std::vector<float> frozen_logps(autograd::Context& context, const FrozenModel& frozen, const model::Model& trained,
                                const Examples& examples);

}  // namespace malmoi::train
