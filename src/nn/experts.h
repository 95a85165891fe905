// A mixture of experts: each row goes to a few of several feed-forward parts.
#pragma once

#include <vector>

#include "nn/linear.h"

namespace malmoi::nn {

struct ExpertsSpec {
  int64_t width = 0, inner = 0, experts = 0, top_k = 0;
  kernels::Activation activation = kernels::Activation::kSilu;
  bool renormalise = true;  // the weights of a row's experts sum to one
  const char* router_name = "gate";
  /// Of each expert: `experts.<e>.<name>.weight`.
  const char* gate_name = "w1";
  const char* up_name = "w3";
  const char* down_name = "w2";
};

/// The sum over a row's experts of weight * down(act(gate(x)) * up(x)); see autograd::experts.
class Experts {
 public:
  Experts() = default;
  Experts(const Declare& declare, const ExpertsSpec& spec);
  Var operator()(Context& context, Var x) const;

 private:
  ExpertsSpec spec_;
  std::vector<WeightSlot*> slots_;                        // the router, gate and up of each expert, down of each
  mutable std::vector<const autograd::Weight*> weights_;  // what the slots hold; lives as long as a tape may ask for it
};

}  // namespace malmoi::nn
