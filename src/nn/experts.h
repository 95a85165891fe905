// A mixture of experts: each row goes to a few of several feed-forward parts, and where a model has them through parts that
// all rows share.
#pragma once

#include <vector>

#include "nn/mlp.h"

namespace malmoi::nn {

struct ExpertsSpec {
  int64_t width = 0, inner = 0, experts = 0, top_k = 0;
  kernels::Activation activation = kernels::Activation::kSilu;
  kernels::RouterScores scores = kernels::RouterScores::kSoftmax;
  bool renormalise = true;                             // the weights of a row's experts sum to `scale`
  double scale = 1;                                    // of the weights
  int64_t groups = 1, top_groups = 1, group_best = 1;  // which groups' experts may be chosen; see kernels::RouteArgs
  const char* choice_bias = nullptr;  // published name, within the module, of what is added for choosing; null: none
  const char* router_name = "gate";
  /// Of each expert: `experts.<e>.<name>.weight`.
  const char* gate_name = "w1";
  const char* up_name = "w3";
  const char* down_name = "w2";
  int64_t shared_inner = 0;  // of the gated part that every row goes through, too; 0: none
  bool shared_bias = false;
  const char* shared_name = "shared_experts";  // its matrices have GatedMlpSpec's names
  const char* shared_gate = nullptr;  // published name of [1, width], whose sigmoid is a factor on it; null: none
};

/// The sum over a row's experts of weight * down(act(gate(x)) * up(x)), plus the shared part; see autograd::experts.
class Experts {
 public:
  Experts() = default;
  Experts(const Declare& declare, const ExpertsSpec& spec);
  Var operator()(Context& context, Var x) const;

 private:
  Var shared(Context& context, const Var& x) const;

  ExpertsSpec spec_;
  std::vector<WeightSlot*> slots_;                        // the router, gate and up of each expert, down of each
  mutable std::vector<const autograd::Weight*> weights_;  // what the slots hold; lives as long as a tape may ask for it
  Parameter* choice_bias_ = nullptr;
  GatedMlp shared_;
  Linear shared_gate_;
};

}  // namespace malmoi::nn
