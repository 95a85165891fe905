#include "nn/mlp.h"

namespace malmoi::nn {

Mlp mlp(const Declare& declare, const MlpSpec& s) {
  return {linear(declare / s.in_name, {.in = s.width, .out = s.inner, .bias = s.bias, .layout = s.layout}),
          linear(declare / s.out_name,
                 {.in = s.inner, .out = s.width, .bias = s.bias, .std = s.out_std, .layout = s.layout}),
          s.activation, s.dropout};
}

GatedMlp gated_mlp(const Declare& declare, const GatedMlpSpec& s) {
  LinearSpec gate_up{.in = s.width, .bias = s.bias};
  if (s.fused) gate_up.out = 2 * s.inner;
  else gate_up.parts = {{s.gate_name, s.inner}, {s.up_name, s.inner}};
  return {linear(declare / (s.fused ? s.fused : "gate_up_proj"), gate_up),
          linear(declare / s.down_name, {.in = s.inner, .out = s.width, .bias = s.bias, .std = s.down_std}),
          s.activation,
          {s.inner, static_cast<float>(s.gate_scale)},
          s.out_scale,
          s.dropout};
}

}  // namespace malmoi::nn
