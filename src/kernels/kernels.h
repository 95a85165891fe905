// The contract of every kernel: what it computes, on which layout, in which types. One table of functions an
// instruction set (simd/, written once and compiled for each), and a scalar oracle in f64 (ref/).
//
// Common to all: rows are contiguous; `dtype` is the type of activations (kF32 or kBF16; the oracle also kF64); every
// sum is kept in f32 at least (the oracle: f64). Weights of norms, biases and all gradients of parameters are f32
// (oracle: f64). Kernels divide their work by parallel_for in an order that depends only on sizes and the number of
// threads, so results repeat to the bit. Nothing is allocated: scratch is passed in, its size comes from the function
// beside the kernel. In and out may alias only where it is said. Sizes may be zero.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/cpu.h"
#include "tensor/dtype.h"

namespace malmoi::kernels {

/// A dropout mask that is a function of (seed, stream, element index): nothing is stored, backward makes it again.
/// Element i is kept where the (i mod 4)-th word of philox(seed, stream, i / 4) is at least p * 2^32; kept ones are
/// multiplied by 1 / (1 - p).
struct Dropout {
  float p = 0;  // 0: none
  uint64_t seed = 0, stream = 0;
};

/// y = norm(sum) * (weight + weight_offset) + bias with sum = x + dropout(delta).
/// RMS: norm(s) = s / sqrt(mean(s^2) + eps). Layer: norm(s) = (s - mean(s)) / sqrt(var(s) + eps).
struct NormArgs {
  DType dtype = DType::kF32;
  bool layer = false;  // false: RMS norm (Zhang & Sennrich 2019); true: layer norm (Ba et al. 2016)
  int64_t rows = 0, cols = 0;
  const void* x = nullptr;      // [rows, cols]
  const void* delta = nullptr;  // [rows, cols] or null
  void* sum = nullptr;  // [rows, cols], rounded to dtype before it is normalised; may be x; unused if delta is null
  void* y = nullptr;    // [rows, cols]; null: only the sum and the statistics
  const void* weight = nullptr;  // [cols]; null: all ones
  const void* bias = nullptr;    // [cols] or null
  float weight_offset = 0;
  float eps = 1e-5f;
  void* mean = nullptr;  // [rows]; layer norm only; may be null where no backward follows
  void* rstd = nullptr;  // [rows]; may be null where no backward follows
  Dropout dropout;
};

/// dx = d(y)/d(sum)^T dy + dsum; ddelta = dropout(dx); dweight += ..., dbias += ...
struct NormBackwardArgs {
  DType dtype = DType::kF32;
  bool layer = false;
  int64_t rows = 0, cols = 0;
  const void* sum = nullptr;   // as the forward pass left it
  const void* dy = nullptr;    // [rows, cols]
  const void* dsum = nullptr;  // [rows, cols] or null: what later uses of the sum send back; may be dx
  const void* weight = nullptr;
  float weight_offset = 0;
  const void* mean = nullptr;
  const void* rstd = nullptr;
  void* dx = nullptr;       // [rows, cols]
  void* ddelta = nullptr;   // [rows, cols] or null (without dropout ddelta is dx)
  void* dweight = nullptr;  // [cols] or null, accumulated
  void* dbias = nullptr;    // [cols] or null, accumulated
  void* scratch = nullptr;  // norm_backward_scratch() bytes
  Dropout dropout;
};
size_t norm_backward_scratch(int64_t rows, int64_t cols, DType dtype);

enum class Activation : uint8_t {
  kNone,
  kGelu,      // x Phi(x), exact
  kGeluTanh,  // 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
  kRelu,
  kSilu,  // x sigmoid(x)
  kTanh,
};

/// y = act(x). y may be x.
struct ActivationArgs {
  DType dtype = DType::kF32;
  Activation kind = Activation::kNone;
  int64_t n = 0;
  const void* x = nullptr;
  void* y = nullptr;
};
/// dx = act'(x) dy. dx may be dy or x.
struct ActivationBackwardArgs {
  DType dtype = DType::kF32;
  Activation kind = Activation::kNone;
  int64_t n = 0;
  const void* x = nullptr;
  const void* dy = nullptr;
  void* dx = nullptr;
};

/// y[r, c] = act(gate) * up, where row r of `gate_up` holds gate[0..cols) then up[0..cols) (Shazeer 2020).
struct GatedArgs {
  DType dtype = DType::kF32;
  Activation kind = Activation::kSilu;
  int64_t rows = 0, cols = 0;
  const void* gate_up = nullptr;  // [rows, 2 cols]
  void* y = nullptr;              // [rows, cols]
};
struct GatedBackwardArgs {
  DType dtype = DType::kF32;
  Activation kind = Activation::kSilu;
  int64_t rows = 0, cols = 0;
  const void* gate_up = nullptr;  // [rows, 2 cols]
  const void* dy = nullptr;       // [rows, cols]
  void* dgate_up = nullptr;       // [rows, 2 cols]; may be gate_up
};

/// y = x + dropout(delta), elementwise; y may be x. backward of the mask alone: dropout(delta) with x null.
struct AddArgs {
  DType dtype = DType::kF32;
  int64_t n = 0;
  const void* x = nullptr;  // null: zero
  const void* delta = nullptr;
  void* y = nullptr;  // may be x or delta
  Dropout dropout;
};

/// Rotates pairs of each head in place (Su et al. 2021). Element i < rotary_dim/2 is paired with i + rotary_dim/2, or, if
/// interleaved, 2i with 2i+1. (a, b) -> (a cos - b sin, b cos + a sin); inverse: sin negated (the gradient's pass).
struct RotaryArgs {
  DType dtype = DType::kF32;
  void* x = nullptr;  // row r starts at x + r * row_stride (elements); its heads are contiguous
  int64_t rows = 0, row_stride = 0, heads = 0, head_dim = 0, rotary_dim = 0;
  bool interleaved = false, inverse = false;
  const int32_t* positions = nullptr;  // [rows]
  const float* cos = nullptr;          // [positions, rotary_dim/2], f32 always
  const float* sin = nullptr;
};

/// One run of queries that attends to one run of keys. Row r of q is query q_begin + r.
struct AttentionSegment {
  int64_t q_begin = 0, q_length = 0;  // rows of q, out and lse
  const void* k = nullptr;            // key j of kv head h starts at k + j * kv_stride + h * head_dim (elements)
  const void* v = nullptr;
  void* dk = nullptr;  // backward only, same layout with kv_stride; overwritten
  void* dv = nullptr;
  int64_t k_length = 0;               // query i of the segment stands at key position i + (k_length - q_length)
  const uint8_t* key_mask = nullptr;  // [k_length], 0: key is padding; null: all count
};
/// out = softmax(softcap(scale q k^T) + mask) v for each query and head (Dao 2023: tiled, no T x T matrix). Query head h
/// uses kv head h / (heads / kv_heads). Causal: keys after the query are hidden; window w > 0: also keys w or more before
/// it. A query that sees no key gives zero. kv tensors are of type dtype.
struct AttentionArgs {
  DType dtype = DType::kF32;
  int64_t heads = 0, kv_heads = 0, head_dim = 0;
  int64_t q_stride = 0, kv_stride = 0, out_stride = 0;  // elements between consecutive positions
  float scale = 1, softcap = 0;                         // softcap c > 0: s -> c tanh(s / c)
  bool causal = true;
  int64_t window = 0;
  const AttentionSegment* segments = nullptr;
  int64_t num_segments = 0, total_rows = 0;  // rows of q, out
  const void* q = nullptr;
  void* out = nullptr;      // [total_rows] of heads * head_dim at out_stride
  void* lse = nullptr;      // [heads, total_rows], f32 (oracle f64): log sum exp of the scores; null: not wanted
  void* scratch = nullptr;  // attention_scratch() bytes
  Dropout dropout;          // on probabilities; element index ((head * total_rows + query row) << 20) + key
};
struct AttentionBackwardArgs {
  AttentionArgs forward;       // as given to the forward pass, with out and lse filled, dk and dv set in the segments
  const void* dout = nullptr;  // like out
  void* dq = nullptr;          // like q, q_stride; overwritten
  void* scratch = nullptr;     // attention_backward_scratch() bytes
};
size_t attention_scratch(const AttentionArgs& args);
size_t attention_backward_scratch(const AttentionArgs& args);

/// y[r] = scale * (table[ids[r]] + positions_table[positions[r]]), then dropout. Tables are of type table_dtype.
struct EmbeddingArgs {
  DType dtype = DType::kF32, table_dtype = DType::kF32;
  int64_t rows = 0, cols = 0;
  const int32_t* ids = nullptr;
  const void* table = nullptr;            // [vocab, cols]
  const int32_t* positions = nullptr;     // null: no positions
  const void* positions_table = nullptr;  // [max_positions, cols]
  float scale = 1;
  void* y = nullptr;  // [rows, cols]
  Dropout dropout;
};
/// dtable[ids[r]] += scale * dropout(dy[r]), added in the order of r for every id, whatever the number of threads.
struct EmbeddingBackwardArgs {
  DType dtype = DType::kF32;
  int64_t rows = 0, cols = 0, vocab = 0;
  const int32_t* ids = nullptr;
  const void* dy = nullptr;
  float scale = 1;
  void* dtable = nullptr;   // [vocab, cols], f32
  void* scratch = nullptr;  // embedding_backward_scratch() bytes
  Dropout dropout;
};
size_t embedding_backward_scratch(int64_t rows, int64_t vocab);

/// Softmax cross-entropy over rows of logits, in place: loss[r] = lse - l_target (label smoothing s: the target is
/// (1-s) one-hot + s / cols) + z_weight lse^2, and logits <- d(loss_scale * loss)/d(logits), so that the chunk's
/// backward products follow at once. With dlogits false the logits are left as they are.
struct CrossEntropyArgs {
  DType dtype = DType::kF32;
  int64_t rows = 0, cols = 0;
  void* logits = nullptr;            // [rows, cols]
  const int32_t* targets = nullptr;  // [rows], each in [0, cols)
  float* loss = nullptr;             // [rows], f32: unscaled
  float loss_scale = 1;
  float label_smoothing = 0, z_weight = 0;
  float softcap = 0;
  bool dlogits = true;
};

/// One pass over a parameter: g *= grad_scale; AdamW (Loshchilov & Hutter 2019): m, v updated; with bias correction
/// p -= lr * (mhat / (sqrt(vhat) + eps) + weight_decay * p); bf16 copy written where asked.
struct AdamWArgs {
  int64_t n = 0;
  float* p = nullptr;
  const float* g = nullptr;
  float* m = nullptr;
  float* v = nullptr;
  BF16* copy = nullptr;  // null: none
  float grad_scale = 1, lr = 0, beta1 = 0.9f, beta2 = 0.95f, eps = 1e-8f, weight_decay = 0;
  float bias1 = 1, bias2 = 1;  // 1 - beta^t
};

/// dbias[c] += sum over rows of dy[r, c], in f32; rows are summed in a fixed order.
struct BiasBackwardArgs {
  DType dtype = DType::kF32;
  int64_t rows = 0, cols = 0;
  const void* dy = nullptr;
  void* dbias = nullptr;
  void* scratch = nullptr;  // bias_backward_scratch() bytes
};
size_t bias_backward_scratch(int64_t rows, int64_t cols);

/// Products for serving: y[m, n] = sum_k x[m, k] w[n, k] + bias[n]. A row's bits do not depend on the number of rows:
/// each (m, n) is summed over k in one fixed order. x and y f32 or bf16 (dtype), weights w_dtype (f32, bf16, f16).
struct RowProductArgs {
  DType dtype = DType::kF32, w_dtype = DType::kF32;
  int64_t m = 0, n = 0, k = 0;
  const void* x = nullptr;     // [m, k]
  const void* w = nullptr;     // [n, k]
  const void* bias = nullptr;  // [n] f32 or null
  void* y = nullptr;           // [m, n], of type y_dtype
  DType y_dtype = DType::kF32;
};

/// One instruction set's kernels.
struct KernelTable {
  const char* name;
  void (*norm)(const NormArgs&);
  void (*norm_backward)(const NormBackwardArgs&);
  void (*activation)(const ActivationArgs&);
  void (*activation_backward)(const ActivationBackwardArgs&);
  void (*gated)(const GatedArgs&);
  void (*gated_backward)(const GatedBackwardArgs&);
  void (*add)(const AddArgs&);
  void (*rotary)(const RotaryArgs&);
  void (*attention)(const AttentionArgs&);
  void (*attention_backward)(const AttentionBackwardArgs&);
  void (*embedding)(const EmbeddingArgs&);
  void (*embedding_backward)(const EmbeddingBackwardArgs&);
  void (*cross_entropy)(const CrossEntropyArgs&);
  void (*bias_backward)(const BiasBackwardArgs&);
  void (*row_product)(const RowProductArgs&);
  void (*adamw)(const AdamWArgs&);
  double (*sum_of_squares)(const float* x, int64_t n);  // f64 partial sums in a fixed order
  bool (*all_finite)(const float* x, int64_t n);
  void (*to_bf16)(const float* x, BF16* y, int64_t n);
  void (*to_f32)(const BF16* x, float* y, int64_t n);
};

/// The kernels of one instruction set; null if this build has none for it.
const KernelTable* kernel_table(Isa isa);
/// The scalar oracle: straightforward loops, also for dtype kF64.
const KernelTable& reference_kernels();
/// The kernels of active_isa().
const KernelTable& kernels();

}  // namespace malmoi::kernels
