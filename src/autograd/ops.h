// The ops of a model, each forward here and backward in its file under ops/. All take and give rows: [rows, features].
#pragma once

#include <cstdint>
#include <span>

#include "autograd/tape.h"
#include "autograd/weight.h"
#include "kernels/kernels.h"

namespace malmoi::autograd {

/// y[r] = scale * (table[ids[r]] + positions_table[positions[r]]), with dropout. `positions_table` may be null.
struct EmbeddingOptions {
  const int32_t* ids = nullptr;  // [rows]; lives until the backward pass is done, as `positions` does
  const int32_t* positions = nullptr;
  int64_t rows = 0;
  float scale = 1;
  float dropout = 0;
};
Var embedding(Context& context, Parameter& table, Parameter* positions_table, const EmbeddingOptions& options);

/// A norm's parameters and constants.
struct NormOptions {
  bool layer = false;  // false: RMS norm
  float eps = 1e-5f;
  float weight_offset = 0;  // 1 where the model stores weight - 1
  float dropout = 0;        // of delta
};
/// The residual stream after a norm: `sum` goes on, `normed` goes into the next product.
struct Normed {
  Var sum;
  Var normed;
};
/// sum = x + dropout(delta), normed = norm(sum) * weight + bias. `delta.value` may be empty; weight and bias may be null.
Normed residual_norm(Context& context, const Var& x, const Var& delta, Parameter* weight, Parameter* bias,
                     const NormOptions& options);

/// y = x W^T + b. `bias` may be null. The result has the context's dtype unless `result` says otherwise.
Var linear(Context& context, const Var& x, const Weight& weight, Parameter* bias);

/// y = act(x).
Var activation(Context& context, const Var& x, kernels::Activation kind);

/// y = act(gate) * up of rows that hold gate and up side by side.
Var gated(Context& context, const Var& gate_up, kernels::Activation kind);

/// Rotates the first `heads` heads of each row in place: x is used up.
struct RotaryOptions {
  int64_t heads = 0, head_dim = 0, rotary_dim = 0;
  bool interleaved = false;
  const int32_t* positions = nullptr;
  const float* cos = nullptr;  // [positions, rotary_dim / 2]; live until the backward pass is done
  const float* sin = nullptr;
};
Var rotary(Context& context, Var x, const RotaryOptions& options);

/// A run of rows of one sequence or document: rows [begin, begin + length) see each other and nothing else.
struct Run {
  int64_t begin = 0, length = 0;
};
/// Keys and values of a run that come from elsewhere (a cache), with what was there before.
struct CachedKeys {
  const void* k = nullptr;
  const void* v = nullptr;
  int64_t length = 0;
  int64_t stride = 0;  // elements between positions
};
struct AttentionOptions {
  int64_t heads = 0, kv_heads = 0, head_dim = 0;
  float scale = 1, softcap = 0;
  bool causal = true;
  int64_t window = 0;
  float dropout = 0;
  std::span<const Run> runs;                // live until the backward pass is done
  std::span<const CachedKeys> cached = {};  // empty, or one a run: then keys and values of qkv are not read
};
/// Self-attention over rows [q | k | v] of heads * head_dim, kv_heads * head_dim (twice). Gives [rows, heads * head_dim].
Var attention(Context& context, const Var& qkv, const AttentionOptions& options);

/// The mean cross-entropy of next tokens: logits = hidden W^T in chunks of rows, never whole. Rows with target < 0 are
/// left out before the product.
struct HeadLossOptions {
  std::span<const int32_t> targets;  // [rows]; < 0: not counted
  double scale = 1;                  // gradients are of scale * (sum of losses)
  float label_smoothing = 0, z_weight = 0, softcap = 0;
};
struct HeadLoss {
  double sum = 0;  // of cross-entropy over counted rows, in nats
  int64_t counted = 0;
};
/// With a tape, the gradients of `hidden` and of the weight are made on the way; call Tape::backward after it.
HeadLoss head_loss(Context& context, const Var& hidden, const Weight& weight, const HeadLossOptions& options);

/// A block of a model as a plain function, so that it can run again in the backward pass.
struct BlockIo {
  Var x, delta;
};
using BlockFunction = BlockIo (*)(Context& context, const void* model, int64_t layer, const void* batch, BlockIo io);
/// Runs the block; under Checkpointing::kBlock only its inputs are kept.
BlockIo block(Context& context, BlockFunction function, const void* model, int64_t layer, const void* batch,
              BlockIo io);

}  // namespace malmoi::autograd
