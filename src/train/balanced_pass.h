// The loss that keeps experts equally busy, beside whatever a step learns: one rule for all objectives.
#pragma once

#include "autograd/context.h"
#include "autograd/router_balance.h"
#include "base/temporarily.h"
#include "model/model.h"
#include "train/objective.h"

namespace malmoi::train {

/// Made before the forward pass of the model that learns, and kept until its backward pass is done: where the model has routers that are to
/// be balanced (Model::router_balance) and the step learns, their choices are counted. What only helps to learn is no part of what is
/// measured: without a tape nothing is counted. `batch` outlives it.
class BalancedPass {
 public:
  BalancedPass(autograd::Context& context, const model::Model& model, const nn::Batch& batch);

  /// Between the two passes: adds the examples' share of the loss, told as `router_balance`, whose gradient the backward pass adds.
  void add_to(LossSums& sums, const Examples& examples, const Counts& whole);

 private:
  double weight_;  // of the loss; 0: there is none
  autograd::RouterBalance balance_;
  Temporarily<autograd::RouterBalance*> counted_;
};

}  // namespace malmoi::train
