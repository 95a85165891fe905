#include "nn/gated_delta_net.h"

#include <cmath>

#include "base/rng.h"

namespace malmoi::nn {
namespace {

constexpr double kLeastRate = 0.01, kMostRate = 16;  // of decays at the start: least above 0, whose logarithm is none
constexpr double kLengthEps = 1e-6;                  // of a query's and a key's squared length

void fill_a_log(uint64_t seed, float* values, int64_t n) {
  Rng rng(seed, 0);
  for (int64_t i = 0; i < n; ++i)
    values[i] = static_cast<float>(std::log(kLeastRate + rng.uniform() * (kMostRate - kLeastRate)));
}

}  // namespace

GatedDeltaNet::GatedDeltaNet(const Declare& declare, const GatedDeltaNetSpec& s) : spec_(s) {
  ParameterSet& set = declare.set();
  auto vector = [&](const char* name, int64_t n, Init init) {
    return set.add({.name = declare.tensor(name), .shape = {n}, .init = std::move(init)});
  };
  // The file has q, k, v and z of a key head side by side, and so b and a.
  int64_t each = s.heads / s.key_heads;
  Layout qkvz{.kind = Layout::kPartsInterleaved,
              .heads = s.key_heads,
              .parts = {s.key_dim, s.key_dim, each * s.value_dim, each * s.value_dim}};
  Layout ba{.kind = Layout::kPartsInterleaved, .heads = s.key_heads, .parts = {each, each}};
  in_ = linear(declare / "in_proj",
               {.in = s.width,
                .parts = {{"in_proj_qkvz", s.channels() + s.values(), -1, qkvz}, {"in_proj_ba", 2 * s.heads, -1, ba}}});
  conv_ = set.add({.name = declare.tensor("conv1d.weight"),
                   .shape = {s.channels(), 1, s.taps},
                   .role = Role::kConvolution,
                   .init = {.std = 1 / std::sqrt(3.0 * static_cast<double>(s.taps))}});
  a_log_ = vector("A_log", s.heads, {.fill = fill_a_log});
  dt_bias_ = vector("dt_bias", s.heads, {.constant = 1});
  norm_ = vector("norm.weight", s.value_dim, {.constant = 1});
  out_ = linear(declare / "out_proj", {.in = s.values(), .out = s.width});
}

Var GatedDeltaNet::operator()(Context& context, Var x, const Batch& batch, int64_t slot) const {
  const GatedDeltaNetSpec& s = spec_;
  int64_t keys = s.keys(), values = s.values(), z = s.channels(), b = z + values, a = b + s.heads;
  double key_dim = static_cast<double>(s.key_dim);
  std::vector<float*> conv_states = carried_elements(batch, slot).before,
                      rule_states = carried_elements(batch, slot + 1).before;
  Var projected = in_(context, std::move(x));  // [rows, q | k | v | z | b | a]
  Var qkv = autograd::causal_conv(context, {projected, 0, z}, *conv_, nullptr,
                                  {.runs = batch.runs, .states = conv_states});  // [rows, q | k | v]
  autograd::HeadNormRun each{s.key_heads, s.key_dim};
  qkv = autograd::head_norm(context, std::move(qkv), {each, each}, {.eps = static_cast<float>(kLengthEps / key_dim)});
  // That gives a mean square of one. Vectors of length one are smaller by the root of their width, and queries are scaled by
  // it once more, as in attention.
  Var y = autograd::delta_rule(context, {qkv, 0, keys}, {qkv, keys, keys}, {qkv, 2 * keys, values},
                               {projected, b, s.heads}, {projected, a, s.heads},
                               {.heads = s.heads,
                                .value_dim = s.value_dim,
                                .key_heads = s.key_heads,
                                .key_dim = s.key_dim,
                                .query_scale = static_cast<float>(1 / key_dim),
                                .key_scale = static_cast<float>(1 / std::sqrt(key_dim)),
                                .a_log = a_log_,
                                .dt_bias = dt_bias_,
                                .runs = batch.runs,
                                .states = rule_states});  // [rows, values]
  y = autograd::gated_norm(context, std::move(y), {std::move(projected), z, values}, norm_,
                           {.groups = s.heads, .eps = static_cast<float>(s.norm_eps), .norm_first = true});
  return out_(context, std::move(y));
}

std::array<LayerState, 2> GatedDeltaNet::states(const GatedDeltaNetSpec& s) {
  return {{{.kind = StateKind::kConvolution, .elements = (s.taps - 1) * s.channels()},
           {.kind = StateKind::kRecurrent, .elements = s.key_dim * s.values()}}};
}

}  // namespace malmoi::nn
