// Attention modules: over the rows themselves, and over the memory of an encoder.
#pragma once

#include "nn/alibi.h"
#include "nn/batch.h"
#include "nn/linear.h"
#include "nn/norm.h"
#include "nn/rotary.h"

namespace malmoi::nn {

/// The published names of the projections of a module.
struct AttentionNames {
  const char* q = "q_proj";
  const char* k = "k_proj";
  const char* v = "v_proj";
  const char* out = "o_proj";
  const char* fused = nullptr;  // one published tensor for q, k and v
  const char* q_norm = "q_norm";
  const char* k_norm = "k_norm";
};

/// Norm of queries and keys before they are rotated.
enum class QkNorm {
  kNone,
  kEachHead,    // one weight [head_dim] for all heads (Qwen3, Gemma 3)
  kAllHeads,    // over the whole width of queries, and of keys (OLMo 2)
  kOwnWeights,  // of each head, with a weight of its own, published as norms.0, norms.1 ... (StableLM)
};

struct AttentionSpec {
  int64_t width = 0;  // of the rows
  int64_t heads = 0, kv_heads = 0, head_dim = 0;
  double scale = 0;  // of scores; 0: 1 / sqrt(head_dim)
  double softcap = 0, dropout = 0;
  kernels::AttentionMask mask;
  bool bias = false, out_bias = false;  // of q, k and v; of the projection out
  double q_std = -1, out_std = -1;      // of queries, of the projection out; negative: the declaration's
  Layout layout = {};
  AttentionNames names = {};
  Rotary* rotary = nullptr;  // null: positions are elsewhere
  Alibi* alibi = nullptr;
  QkNorm qk_norm = QkNorm::kNone;
  bool qk_norm_layer = false;  // false: RMS norm; true: layer norm
  bool qk_norm_bias = false;
  double qk_norm_eps = 1e-6;
  float qk_norm_offset = 0;  // 1 where the model stores weight - 1
  double key_scale = 1;      // a factor on keys, before they are rotated
  bool output_gate = false;  // q_proj gives a gate beside each head's queries: what is attended to is times its sigmoid
};

/// out(attention(q, k, v of the rows)); keys and values go through the batch's states where it has any.
class SelfAttention {
 public:
  SelfAttention() = default;
  SelfAttention(const Declare& declare, const AttentionSpec& spec);
  /// `slot`: of the keys in the states.
  Var operator()(Context& context, Var x, const Batch& batch, int64_t slot, const DistanceBias& bias = {}) const;

 private:
  int64_t gate_width() const { return spec_.output_gate ? spec_.heads * spec_.head_dim : 0; }
  /// Writes keys and values of the rows into the states of the batch; attention is to read them there.
  void remember(Context& context, const Tensor& qkv, const Batch& batch, int64_t slot,
                autograd::AttentionOptions& options) const;

  AttentionSpec spec_;
  Linear qkv_, out_;  // rows of q, gates where there are some, k, v
  autograd::HeadNormRun q_norm_, k_norm_;
};

/// out(attention(q of the rows, k and v of a memory)).
class CrossAttention {
 public:
  CrossAttention() = default;
  /// `memory_width`: of the encoder's rows.
  CrossAttention(const Declare& declare, const AttentionSpec& spec, int64_t memory_width);
  /// `memory`: the rows of batch.source; where there is none, keys and values stand in the states.
  Var operator()(Context& context, Var x, const Batch& batch, int64_t slot, Var memory) const;
  /// Writes keys and values of a memory into the states of the batch that made it.
  void remember(Context& context, const Var& memory, const Batch& source, int64_t slot) const;

 private:
  AttentionSpec spec_;
  Linear q_, kv_, out_;
};

}  // namespace malmoi::nn
