#include "nn/mamba2_mixer.h"

#include <cmath>

namespace malmoi::nn {

Mamba2Mixer::Mamba2Mixer(const Declare& declare, const Mamba2MixerSpec& s) : spec_(s) {
  ParameterSet& set = declare.set();
  auto vector = [&](const char* name, int64_t n, Init init) {
    return set.add({.name = declare.tensor(name), .shape = {n}, .init = std::move(init)});
  };
  in_ = linear(declare / "in_proj", {.in = s.width, .out = s.inner() + s.channels() + s.heads, .bias = s.in_bias});
  conv_ = set.add({.name = declare.tensor("conv1d.weight"),
                   .shape = {s.channels(), 1, s.taps},
                   .role = Role::kConvolution,
                   .init = {.std = 1 / std::sqrt(3.0 * static_cast<double>(s.taps))}});
  if (s.conv_bias) conv_bias_ = vector("conv1d.bias", s.channels(), {});
  auto fill_a = [](uint64_t, float* values, int64_t n) {
    for (int64_t i = 0; i < n; ++i) values[i] = std::log(static_cast<float>(i + 1));
  };
  a_log_ = vector("A_log", s.heads, {.fill = fill_a});
  d_ = vector("D", s.heads, {.constant = 1});
  dt_bias_ = vector("dt_bias", s.heads, {.constant = 1, .fill = s.fill_dt_bias});
  if (s.gate != MixerGate::kAlone) norm_ = vector("norm.weight", s.inner(), {.constant = 1});
  out_ = linear(declare / "out_proj", {.in = s.inner(), .out = s.width, .bias = s.out_bias, .std = s.out_std});
}

Var Mamba2Mixer::operator()(Context& context, Var x, const Batch& batch, int64_t slot) const {
  const Mamba2MixerSpec& s = spec_;
  int64_t inner = s.inner(), bc = s.group_states(), channels = s.channels();
  auto by = [&](size_t part) { return static_cast<float>(s.part_scales[part]); };
  Var projected = in_(context, autograd::scale(context, std::move(x), s.in_scale));  // [rows, z | x B C | dt]
  projected = autograd::scale(context, std::move(projected),
                              {{inner, by(0)}, {inner, by(1)}, {bc, by(2)}, {bc, by(3)}, {s.heads, by(4)}});
  CarriedElements of_conv = carried_elements(batch, slot), of_scan = carried_elements(batch, slot + 1);
  Var xbc = autograd::causal_conv(
      context, {projected, inner, channels}, *conv_, conv_bias_,
      {.runs = batch.runs, .states = of_conv.before, .next_states = of_conv.after});  // [rows, x | B | C]
  autograd::Columns b{xbc, inner, bc}, c{xbc, inner + bc, bc}, dt{projected, inner + channels, s.heads};
  Var y = autograd::scan(context, {std::move(xbc), 0, inner}, std::move(b), std::move(c), std::move(dt),
                         {.heads = s.heads,
                          .head_dim = s.head_dim,
                          .groups = s.groups,
                          .state_size = s.state_size,
                          .dt_min = static_cast<float>(s.dt_min),
                          .dt_max = static_cast<float>(s.dt_max),
                          .a_log = a_log_,
                          .d = d_,
                          .dt_bias = dt_bias_,
                          .runs = batch.runs,
                          .states = of_scan.before,
                          .next_states = of_scan.after});  // [rows, inner]
  return out_(context, gated(context, std::move(y), {std::move(projected), 0, inner}));
}

Var Mamba2Mixer::gated(Context& context, Var y, autograd::Columns z) const {
  if (spec_.gate == MixerGate::kAlone)
    return autograd::multiply(context, {std::move(y), 0, spec_.inner()}, std::move(z), kernels::Activation::kSilu);
  return autograd::gated_norm(context, std::move(y), std::move(z), norm_,
                              {.groups = spec_.groups,
                               .eps = static_cast<float>(spec_.norm_eps),
                               .norm_first = spec_.gate == MixerGate::kAfterNorm});
}

std::array<LayerState, 2> Mamba2Mixer::states(const Mamba2MixerSpec& s) {
  return {{{.kind = StateKind::kConvolution, .elements = (s.taps - 1) * s.channels()},
           {.kind = StateKind::kRecurrent, .elements = s.inner() * s.state_size}}};
}

}  // namespace malmoi::nn
