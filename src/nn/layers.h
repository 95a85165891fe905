// The layers that families are written with: thin values over parameters and the ops of autograd.
#pragma once

#include <memory>

#include "autograd/ops.h"
#include "nn/batch.h"
#include "nn/rotary.h"

namespace malmoi::nn {

using autograd::Context;
using autograd::Parameter;
using autograd::Var;

/// y = x W^T + b.
struct Linear {
  std::unique_ptr<autograd::Weight> weight;
  Parameter* bias = nullptr;
  Var operator()(Context& context, const Var& x) const { return autograd::linear(context, x, *weight, bias); }
};

/// A norm over the residual stream; see autograd::residual_norm.
struct Norm {
  Parameter* weight = nullptr;
  Parameter* bias = nullptr;
  autograd::NormOptions options;
  autograd::Normed operator()(Context& context, const Var& x, const Var& delta) const {
    return autograd::residual_norm(context, x, delta, weight, bias, options);
  }
};

/// Self-attention over fused rows [q | k | v]: rotates, writes the states' keys and values, attends.
struct SelfAttention {
  int64_t heads = 0, kv_heads = 0, head_dim = 0;
  float scale = 1, softcap = 0;
  bool causal = true;
  int64_t window = 0;
  float dropout = 0;
  Rotary* rotary = nullptr;  // null: positions are elsewhere
  Var operator()(Context& context, Var qkv, const Batch& batch, int64_t layer) const;
};

}  // namespace malmoi::nn
