// Attention of runs of queries over runs of keys. The rules that hold for all kernels stand in backend.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/contract/dropout.h"
#include "tensor/dtype.h"

namespace malmoi::kernels {

/// Which keys a query sees, by position. Query i of a segment stands at p = i + (k_length - q_length), key j at j. Keys of
/// the segment's prefix are seen whatever this hides; those that its key mask hides never are.
struct AttentionMask {
  bool causal = true;  // keys with j > p are hidden
  int64_t window = 0;  // w > 0: keys with p - j >= w are hidden; where not causal those with j - p >= w, too
  int64_t chunk = 0;   // c > 0: positions of the sequence are cut into chunks of c, keys of other chunks are hidden
};

/// How a segment's queries are computed. A query has the same bits on one path whatever queries its segment has besides, and
/// others on another: who may cut a sequence anywhere names the path.
enum class AttentionPath : uint8_t {
  kByCount,  // the faster one
  kEach,     // one by one over keys as they lie: steps of generation
  kBlocks,   // by blocks over packed keys: prompts
};

/// One run of queries that attends to one run of keys. Row r of q is query q_begin + r.
struct AttentionSegment {
  int64_t q_begin = 0, q_length = 0;  // rows of q, out and lse
  const void* k = nullptr;            // key j of kv head h starts at k + j * k_stride + h * head_dim (elements)
  const void* v = nullptr;            // value j of kv head h at v + j * v_stride + h * value_dim
  /// Keys and values in pages: row j stands in page j / page_rows, at row j % page_rows of it. Null: k and v hold all.
  const void* const* k_pages = nullptr;
  const void* const* v_pages = nullptr;
  void* dk = nullptr;  // backward only (never paged), laid out as k and v; overwritten
  void* dv = nullptr;
  int64_t k_length = 0;
  int64_t k_begin = 0;                // where in its sequence the first key stands; chunks and biases by key look at it
  int64_t prefix = 0;                 // so many first keys every query of the segment sees (prefix language models)
  const uint8_t* key_mask = nullptr;  // [k_length], 0: key is padding; null: all count
  AttentionPath path = AttentionPath::kByCount;  // forward
};

/// out = softmax(softcap(scale q k^T) + bias, hidden keys left out) v for each query and head (Dao 2023: tiled, no T x T
/// matrix). Query head h uses kv head h / (heads / kv_heads). A query that sees no key gives zero. k and v are of type dtype.
/// Without dropout a segment's rows have the same bits alone, beside any others, in pages or in one place; and all is the
/// same for any number of threads.
struct AttentionArgs {
  DType dtype = DType::kF32;
  int64_t heads = 0, kv_heads = 0;
  int64_t head_dim = 0, value_dim = 0;                               // of queries and keys; of values and out
  int64_t q_stride = 0, k_stride = 0, v_stride = 0, out_stride = 0;  // elements between consecutive positions
  int64_t page_rows = 0;                                             // of segments that have pages
  /// Keys and values are rows in 8 bits (contract/byte_rows.h), in pages; their strides are in bytes then. Forward.
  bool byte_rows = false;
  float scale = 1, softcap = 0;  // scale > 0; softcap c > 0: s -> c tanh(s / c)
  AttentionMask mask;
  /// Added to the score of query p and key j after the soft cap: entry bias_left + clamp(j - p, -bias_left, bias_right) of
  /// the head's row (relative positions; ALiBi).
  const void* bias = nullptr;  // [heads, bias_left + 1 + bias_right], f32 (oracle f64); null: none
  int64_t bias_left = 0, bias_right = 0;
  /// Instead by the key alone: entry min(k_begin + j, bias_right), where in its sequence it stands; bias_left is 0.
  bool bias_by_key = false;
  /// A score that joins the sum of each softmax of a head, and lse, and has no value (gpt-oss).
  const void* sinks = nullptr;  // [heads], f32 (oracle f64); null: none
  const AttentionSegment* segments = nullptr;
  int64_t num_segments = 0, total_rows = 0;  // rows of q, out
  const void* q = nullptr;
  void* out = nullptr;      // [total_rows] of heads * value_dim at out_stride
  void* lse = nullptr;      // [heads, total_rows], f32 (oracle f64): log sum exp of the scores; null: not wanted
  void* scratch = nullptr;  // attention_scratch() bytes
  Dropout dropout;          // on probabilities; element index ((head * total_rows + query row) << 20) + key
};
struct AttentionBackwardArgs {
  AttentionArgs forward;       // as given to the forward pass, with out and lse filled, dk and dv set in the segments
  const void* dout = nullptr;  // like out
  void* dq = nullptr;          // like q, q_stride; overwritten
  void* dbias = nullptr;       // like bias, accumulated over segments in their order; null: not wanted
  void* dsinks = nullptr;      // like sinks, accumulated; null: not wanted
  void* scratch = nullptr;     // attention_backward_scratch() bytes
};
size_t attention_scratch(const AttentionArgs& args);
size_t attention_backward_scratch(const AttentionArgs& args);

}  // namespace malmoi::kernels
