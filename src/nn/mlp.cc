#include "nn/mlp.h"

namespace malmoi::nn {

Mlp mlp(const Declare& declare, const MlpSpec& s) {
  return {linear(declare / s.in_name, {.in = s.width, .out = s.inner, .bias = s.bias, .layout = s.layout}),
          linear(declare / s.out_name,
                 {.in = s.inner, .out = s.width, .bias = s.bias, .std = s.out_std, .layout = s.layout}),
          s.activation, s.dropout};
}

GatedMlp gated_mlp(const Declare& declare, const GatedMlpSpec& s) {
  return {linear(declare / "gate_up_proj",
                 {.in = s.width, .bias = s.bias, .parts = {{s.gate_name, s.inner}, {s.up_name, s.inner}}}),
          linear(declare / s.down_name, {.in = s.inner, .out = s.width, .bias = s.bias}), s.activation};
}

}  // namespace malmoi::nn
