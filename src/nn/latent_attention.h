// Multi-head latent attention (DeepSeek-V2, section 2.1): keys and values of all heads are made of one short row.
#pragma once

#include <span>
#include <vector>

#include "nn/batch.h"
#include "nn/linear.h"
#include "nn/norm.h"
#include "nn/rotary.h"

namespace malmoi::nn {

/// Published names of its parts: q_a_proj, q_a_layernorm, q_b_proj (or q_proj), kv_a_proj_with_mqa, kv_a_layernorm, kv_b_proj,
/// o_proj. A head's key is [nope_dim of its own | rope_dim, rotated, that all heads share].
struct LatentAttentionSpec {
  int64_t width = 0;  // of the rows
  int64_t heads = 0;
  int64_t q_rank = 0;  // of the row that queries are made of; 0: they are made of x
  int64_t kv_rank = 0;
  int64_t nope_dim = 0, rope_dim = 0, value_dim = 0;
  double scale = 1;  // of scores
  double dropout = 0;
  bool bias = false;  // of the projections from and to the rows, but for q_proj
  Rotary* rotary = nullptr;
};

/// out(attention(q, k, v of the rows)). What states keep of a position is its latent row [kv_rank | rope_dim]. Rows that go on
/// from such rows score them with queries turned by their heads' key matrices, and turn what they attended to by the value
/// matrices ("absorbed"); where a text begins, and without states, keys and values stand in full.
class LatentAttention {
 public:
  LatentAttention() = default;
  LatentAttention(const Declare& declare, const LatentAttentionSpec& spec);
  /// `slot`: of the latent rows in the states.
  Var operator()(Context& context, Var x, const Batch& batch, int64_t slot) const;
  /// What a sequence keeps of it.
  LayerState state() const { return {.kind = StateKind::kLatent, .key_width = spec_.kv_rank + spec_.rope_dim}; }

 private:
  Var queries(Context& context, Var x, const Batch& batch) const;
  Var latents(Context& context, Var x, const Batch& batch) const;
  Var attend_in_full(Context& context, Var q, Var latent, std::span<const autograd::Run> runs,
                     std::span<const uint8_t> key_mask) const;
  Var attend_with_states(Context& context, Var q, Var latent, const Batch& batch, int64_t slot) const;
  void attend_absorbed(Context& context, const Tensor& q, std::span<const autograd::Run> runs,
                       const std::vector<autograd::CachedKeys>& keys, Tensor& values) const;
  kernels::HeadProductArgs product_of_heads(const Tensor& x, const Tensor& kv, Tensor& y) const;

  LatentAttentionSpec spec_;
  Linear q_a_, q_, kv_a_, kv_b_, out_;
  Norm q_norm_;
  autograd::HeadNormRun kv_norm_;
};

}  // namespace malmoi::nn
