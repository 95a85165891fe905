#include "nn/experts.h"

namespace malmoi::nn {
namespace {

// Each expert's published tensors fill its rows of one stack.
std::vector<Source> sources_of(const Declare& declare, int64_t experts, std::initializer_list<const char*> names,
                               int64_t rows) {
  std::vector<Source> sources;
  int64_t row = 0;
  for (int64_t e = 0; e < experts; ++e) {
    for (const char* name : names) {
      sources.push_back({(declare / "experts" / e / name).tensor("weight"), row, rows});
      row += rows;
    }
  }
  return sources;
}

}  // namespace

Experts::Experts(const Declare& declare, const ExpertsSpec& s) : spec_(s) {
  Init init{.std = declare.std()};
  slots_ = {linear(declare / s.router_name, {.in = s.width, .out = s.experts}).weight};
  for (WeightSlot* slot : declare.set().add_weights({.name = declare.tensor("experts.gate_up.weight"),
                          .shape = {s.experts, 2 * s.inner, s.width},
                          .role = Role::kExperts,
                          .init = init,
                          .sources = sources_of(declare, s.experts, {s.gate_name, s.up_name}, s.inner)}))
    slots_.push_back(slot);
  for (WeightSlot* slot : declare.set().add_weights({.name = declare.tensor("experts.down.weight"),
                          .shape = {s.experts, s.width, s.inner},
                          .role = Role::kExperts,
                          .init = init,
                          .sources = sources_of(declare, s.experts, {s.down_name}, s.width)}))
    slots_.push_back(slot);
  weights_.resize(slots_.size());
  if (s.choice_bias) choice_bias_ = declare.set().add({.name = declare.tensor(s.choice_bias), .shape = {s.experts}});
  if (s.shared_inner > 0)
    shared_ = gated_mlp(declare / s.shared_name,
                        {.width = s.width, .inner = s.shared_inner, .activation = s.activation, .bias = s.shared_bias});
  if (s.shared_gate) shared_gate_ = linear(declare / s.shared_gate, {.in = s.width, .out = 1});
}

Var Experts::shared(Context& context, const Var& x) const {
  Var y = shared_(context, x);
  if (!spec_.shared_gate) return y;
  Var gate = shared_gate_(context, x);  // [rows, 1]
  return autograd::multiply(context, {std::move(y), 0, spec_.width}, {std::move(gate), 0, 1},
                            kernels::Activation::kSigmoid);
}

Var Experts::operator()(Context& context, Var x) const {
  for (size_t i = 0; i < slots_.size(); ++i) weights_[i] = &**slots_[i];
  Var beside = spec_.shared_inner > 0 ? shared(context, x) : Var{};
  Var routed = autograd::experts(context, std::move(x),
                                 {.experts = spec_.experts,
                                  .top_k = spec_.top_k,
                                  .scores = spec_.scores,
                                  .renormalise = spec_.renormalise,
                                  .scale = static_cast<float>(spec_.scale),
                                  .groups = spec_.groups,
                                  .top_groups = spec_.top_groups,
                                  .group_best = spec_.group_best,
                                  .choice_bias = choice_bias_,
                                  .activation = spec_.activation,
                                  .weights = weights_});
  return beside ? autograd::add(context, std::move(routed), std::move(beside)) : std::move(routed);
}

}  // namespace malmoi::nn
