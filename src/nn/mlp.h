// The feed-forward parts of a block.
#pragma once

#include "nn/linear.h"

namespace malmoi::nn {

struct MlpSpec {
  int64_t width = 0, inner = 0;
  kernels::Activation activation = kernels::Activation::kGelu;
  bool bias = false;
  double out_std = -1;  // of the projection into the residual stream; negative: the declaration's
  double dropout = 0;   // of what is projected there
  const char* in_name = "fc1";
  const char* out_name = "fc2";
  Layout layout = {};
};

/// out(dropout(act(in(x)))).
struct Mlp {
  Linear in, out;
  kernels::Activation activation = kernels::Activation::kGelu;
  double dropout = 0;
  Var operator()(Context& context, Var x) const {
    Var inner = autograd::activation(context, in(context, std::move(x)), activation);
    return out(context, autograd::dropout(context, std::move(inner), dropout));
  }
};
Mlp mlp(const Declare& declare, const MlpSpec& spec);

struct GatedMlpSpec {
  int64_t width = 0, inner = 0;
  kernels::Activation activation = kernels::Activation::kSilu;
  bool bias = false;
  double gate_scale = 1, out_scale = 1;  // factors on what the activation reads, and on what comes out
  double dropout = 0;                    // of what goes down
  double down_std = -1;                  // negative: the declaration's
  const char* gate_name = "gate_proj";
  const char* up_name = "up_proj";
  const char* down_name = "down_proj";
  const char* fused = nullptr;  // one published tensor for gate and up
};

/// down(act(gate(x)) * up(x)) (Shazeer 2020), gate and up in one product.
struct GatedMlp {
  Linear gate_up, down;
  kernels::Activation activation = kernels::Activation::kSilu;
  kernels::ColumnScale gate_scale;
  double out_scale = 1;
  double dropout = 0;
  Var operator()(Context& context, Var x) const {
    Var both = autograd::scale(context, gate_up(context, std::move(x)), {gate_scale});
    Var inner = autograd::dropout(context, autograd::gated(context, std::move(both), activation), dropout);
    return autograd::scale(context, down(context, std::move(inner)), out_scale);
  }
};
GatedMlp gated_mlp(const Declare& declare, const GatedMlpSpec& spec);

}  // namespace malmoi::nn
