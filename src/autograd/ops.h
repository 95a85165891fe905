// The ops of a model, each forward here and whole in its file under ops/. All take and give rows: [rows, features]. A Var
// is taken by value: moved in, its memory is free once the op is done with it. Pointers and spans in options live until the
// backward pass is done.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>

#include "autograd/tape.h"
#include "autograd/weight.h"
#include "kernels/kernels.h"

namespace malmoi::autograd {

/// One table of a sum of embeddings: row r of it is that of ids[r].
struct Lookup {
  const Weight* table = nullptr;
  const int32_t* ids = nullptr;
  int32_t padding_id = -1;  // its row takes no gradient from look-ups
  int64_t first_row = 0;    // ids count from this row of the table, which is stored whole
};
struct EmbeddingOptions {
  int64_t rows = 0;
  float scale = 1;
  float dropout = 0;
};
/// y[r] = dropout(scale * sum of the tables' rows): words, positions, token types. At most one table need not be stored whole.
/// `computed`: memory of the context that some of the ids stand in, kept until the backward pass is done.
Var embedding(Context& context, std::initializer_list<Lookup> tables, const EmbeddingOptions& options,
              Tensor computed = {});

/// A norm's constants.
struct NormOptions {
  bool layer = false;  // false: RMS norm
  float eps = 1e-5f;
  float weight_offset = 0;  // 1 where the model stores weight - 1
  float dropout = 0;        // of delta
  float delta_scale = 1;    // a factor on delta
};
/// The residual stream after a norm: `sum` goes on, `normed` goes into the next product.
struct Normed {
  Var sum;
  Var normed;
};
/// sum = x + delta_scale * dropout(delta), normed = norm(sum) * weight + bias. `delta` may be empty; weight and bias may be null.
Normed residual_norm(Context& context, Var x, Var delta, Parameter* weight, Parameter* bias,
                     const NormOptions& options);

/// y = x W^T + b. `bias` may be null.
Var linear(Context& context, Var x, const Weight& weight, Parameter* bias);

/// y = x W^T + b with a W of blocks on its diagonal: block i, [out, in], reads columns [i in, (i + 1) in) of x alone.
/// `blocks` is [blocks, out, in]; `bias` [blocks, out] or null.
Var block_linear(Context& context, Var x, Parameter& blocks, Parameter* bias);

/// y = act(x).
Var activation(Context& context, Var x, kernels::Activation kind);
/// y = act(gate) * up of rows that hold gate and up side by side.
Var gated(Context& context, Var gate_up, kernels::Activation kind);

/// y = x with runs of columns, from the first on, multiplied by a factor each; columns beyond them stay as they are. In
/// place where nobody else has x.
Var scale(Context& context, Var x, std::initializer_list<kernels::ColumnScale> runs);
/// y = factor x.
Var scale(Context& context, Var x, double factor);

/// y = a + b.
Var add(Context& context, Var a, Var b);

/// y = x with a share p of its elements zeroed and the others multiplied by 1 / (1 - p), while training.
Var dropout(Context& context, Var x, double p);

/// y[i] = x[index[i]]; index -1: zeros.
Var gather_rows(Context& context, Var x, std::span<const int32_t> index);

/// y[r] = x[r] where mask[r] is not 0, else zeros; x itself where the mask is empty.
Var mask_rows(Context& context, Var x, std::span<const uint8_t> mask);

/// A run of rows of one sequence or document: rows [begin, begin + length) see each other and nothing else.
struct Run {
  int64_t begin = 0, length = 0;
  kernels::AttentionPath path = kernels::AttentionPath::kByCount;  // of its rows as queries, forward
};

/// y[i] = the mean of run i's rows, those left out that `mask` calls padding (by row, 0: padding; empty: all count).
Var mean_rows(Context& context, Var x, std::span<const Run> runs, std::span<const uint8_t> mask);

/// Rotates `heads` heads of each row, from column `first_column` on, in place: x is used up.
struct RotaryOptions {
  int64_t first_column = 0;
  int64_t heads = 0, head_dim = 0, rotary_dim = 0;
  bool interleaved = false;
  const int32_t* positions = nullptr;
  const float* cos = nullptr;  // [positions, rotary_dim / 2]
  const float* sin = nullptr;
  kernels::LongTexts long_texts = {};
};
Var rotary(Context& context, Var x, const RotaryOptions& options);

/// Columns [first, first + width) of rows: queries, keys and values may be parts of one tensor.
struct Columns {
  Var rows;
  int64_t first = 0, width = 0;
};

/// y = x * act(z), z as wide as x or one column, which is that of the whole row.
Var multiply(Context& context, Columns x, Columns z, kernels::Activation kind);

/// y = a copy of the columns, rows of their own.
Var slice(Context& context, Columns x);

/// Keys and values of a run that come from a state, with what was there before: in one piece, or by pages.
struct CachedKeys {
  const void* k = nullptr;
  const void* v = nullptr;
  const void* const* k_pages = nullptr;
  const void* const* v_pages = nullptr;
  int64_t length = 0;
  int64_t begin = 0;  // where in its sequence the first key stands
};

struct AttentionOptions {
  int64_t heads = 0, kv_heads = 0, head_dim = 0;
  int64_t value_dim = 0;  // 0: as wide as head_dim
  float scale = 1, softcap = 0;
  kernels::AttentionMask mask;
  float dropout = 0;
  std::span<const Run> runs;                // of queries
  std::span<const Run> key_runs = {};       // of keys, one for each of runs; empty: the rows of the queries
  std::span<const uint8_t> key_mask = {};   // by row of the keys, 0: padding; empty: all count. Not with `cached`
  std::span<const int64_t> prefixes = {};   // of each run: its first keys, which all its queries see; empty: none
  std::span<const CachedKeys> cached = {};  // empty, or one for each run: then keys and values are not read
  int64_t cached_k_stride = 0, cached_v_stride = 0, page_rows = 0;
  bool cached_in_bytes = false;           // rows in 8 bits (kernels/contract/byte_rows.h); strides are bytes then
  int64_t bias_left = 0, bias_right = 0;  // distances that `bias` holds
  bool bias_by_key = false;               // it holds positions of keys 0 .. bias_right instead
  Parameter* sinks = nullptr;             // [heads]
};
/// out[rows, heads * value_dim] = softmax(scale q k^T + bias) v; see kernels::AttentionArgs. `bias` may be empty, else
/// [heads, bias_left + 1 + bias_right] of the context's statistics type. k and v may be empty where keys are cached.
Var attention(Context& context, Columns q, Columns k, Columns v, const AttentionOptions& options, Var bias = {});

/// Rows of a table of positions by distance (He et al. 2021, and their code): near distances one each, far ones by
/// logarithm, from row 0 (the farthest key behind the query) to 2 span - 1.
struct RelativePositions {
  int64_t buckets = 0;       // 0: every distance has a row of its own
  int64_t max_distance = 0;  // where logarithms end
  int64_t span = 0;          // half of the table's rows
  /// The row of a key that stands `distance` positions before its query.
  int64_t row(int64_t distance) const;
};
struct DisentangledOptions {
  int64_t heads = 0, head_dim = 0;
  float scale = 1;  // of all three parts of the scores
  float dropout = 0;
  std::span<const Run> runs;
  std::span<const uint8_t> key_mask = {};  // by row, 0: padding; empty: all count
  RelativePositions relative;
  int64_t first_row = 0;                              // of the table: row 0 of `positions`
  int64_t position_queries = -1, position_keys = -1;  // first columns of these in `positions`; below zero: none
};
/// Attention whose scores are of queries by keys, of queries by the keys of positions, and of the queries of positions by
/// keys; see kernels::DisentangledArgs. `qkv` holds queries, keys and values side by side, `positions` (or nothing) the rows
/// of the table that the longest run asks for, projected.
Var disentangled_attention(Context& context, Var qkv, Var positions, const DisentangledOptions& options);

/// Which learned number a distance has (Raffel et al. 2020): near distances one each, far ones by logarithm.
struct DistanceBuckets {
  int64_t buckets = 0, max_distance = 0;
  bool bidirectional = false;   // half of the buckets are for keys after the query
  int64_t left = 0, right = 0;  // distances -left .. right are wanted
};
/// bias[head, distance] = table[bucket(distance), head], for attention.
Var distance_bias(Context& context, Parameter& table, const DistanceBuckets& buckets);

/// Heads of a head norm that lie beside each other; one head of the whole width is a norm over all heads together.
struct HeadNormRun {
  int64_t heads = 0, head_dim = 0;
  Parameter* weight = nullptr;  // [head_dim], or [heads, head_dim] if per_head; null: ones
  Parameter* bias = nullptr;    // the same, or null
  bool per_head = false;
  int64_t skip = 0;  // columns before its first head that stay as they are
};
struct HeadNormOptions {
  bool layer = false;  // false: RMS norm
  float eps = 1e-6f;
  float weight_offset = 0;
};
/// Norms each head of at most kernels::kMaxHeadRuns runs, which begin at column 0; columns beside them stay as they are. Without a
/// tape in place: x is used up.
Var head_norm(Context& context, Var x, std::initializer_list<HeadNormRun> runs, const HeadNormOptions& options);

/// Keys and values of latent attention (DeepSeek-V2, section 2.1).
struct LatentKeysOptions {
  int64_t heads = 0, own_dim = 0, shared_dim = 0, value_dim = 0;
};
struct LatentKeys {
  Var keys;    // [rows, heads (own_dim + shared_dim)]
  Var values;  // [rows, heads value_dim]
};
/// `own` is [rows, heads (own_dim + value_dim)]: each head's own part of its key, then its value. `shared` is the part that
/// the keys of all heads end with.
LatentKeys latent_keys(Context& context, Var own, Columns shared, const LatentKeysOptions& options);

/// A mixture of experts.
struct ExpertsOptions {
  int64_t experts = 0, top_k = 0;
  kernels::RouterScores scores = kernels::RouterScores::kSoftmax;
  bool renormalise = true;  // the weights of a row's experts sum to `scale`
  float scale = 1;
  int64_t groups = 1, top_groups = 1, group_best = 1;  // experts of the best groups alone; see kernels::RouteArgs
  Parameter* choice_bias = nullptr;  // [experts], for choosing alone: its gradient is zero; null: none
  kernels::Activation activation = kernels::Activation::kSilu;
  /// The router [experts, width]; then [2 inner, width] of each expert, gate and up (or [inner, width]: no gate); then
  /// [width, inner] of each expert. They live until the backward pass is done.
  std::span<const Weight* const> weights;
};
/// y[r] = the sum over row r's top_k experts of weight * down(act(gate(x)) * up(x)) (Shazeer et al. 2017; Jiang et al.
/// 2024). Its memory depends on the number of rows alone, whatever the routing. An expert without rows gets a zero
/// gradient, frozen weights none. Context::balance gathers what the routers did.
Var experts(Context& context, Var x, const ExpertsOptions& options);

/// Causal convolution of each channel along each run (Gu & Dao 2023).
struct CausalConvOptions {
  kernels::Activation activation = kernels::Activation::kSilu;  // or kNone
  std::span<const Run> runs;
  /// Empty, or one a run: its last taps - 1 inputs, [taps - 1, channels].
  std::span<float* const> states = {};
  std::span<float* const> next_states = {};  // where those after the runs go; empty: to the same places
};
/// `weight` is [channels, taps] or, as published, [channels, 1, taps]; `bias` [channels] or null. Rows of no run are zero.
Var causal_conv(Context& context, Columns x, Parameter& weight, Parameter* bias, const CausalConvOptions& options);

/// y[r, c * taps + t] = x[r + t - (taps - 1) / 2, c] within each run, zeros beyond it: what a convolution over neighbours on
/// both sides multiplies. taps is odd. Rows of no run are zero.
Var neighbours(Context& context, Var x, int64_t taps, std::span<const Run> runs);

/// The state space scan of Mamba-2; see kernels::SsdScanArgs.
struct ScanOptions {
  int64_t heads = 0, head_dim = 0, groups = 1, state_size = 0;
  float dt_min = 0, dt_max = std::numeric_limits<float>::infinity();
  Parameter* a_log = nullptr;    // [heads], as d and dt_bias
  Parameter* d = nullptr;        // null: zero
  Parameter* dt_bias = nullptr;  // null: zero
  std::span<const Run> runs;
  std::span<float* const> states = {};       // empty, or one a run: [heads, state_size, head_dim]
  std::span<float* const> next_states = {};  // where those after the runs go; empty: to the same places
};
/// y[rows, heads * head_dim] of x [heads * head_dim], B and C [groups * state_size], dt [heads]. Rows of no run are zero.
Var scan(Context& context, Columns x, Columns b, Columns c, Columns dt, const ScanOptions& options);

/// The gated delta rule (Yang et al. 2024); see kernels::DeltaRuleArgs.
struct DeltaRuleOptions {
  int64_t heads = 0, value_dim = 0;    // of values
  int64_t key_heads = 0, key_dim = 0;  // of queries and keys
  float query_scale = 1, key_scale = 1;
  Parameter* a_log = nullptr;  // [heads], as dt_bias
  Parameter* dt_bias = nullptr;
  std::span<const Run> runs;
  std::span<float* const> states = {};  // empty, or one a run: [heads, key_dim, value_dim]; rewritten
};
/// y[rows, heads * value_dim] of q and k [key_heads * key_dim], v [heads * value_dim], b and a [heads]. Rows of no run are
/// zero.
Var delta_rule(Context& context, Columns q, Columns k, Columns v, Columns b, Columns a,
               const DeltaRuleOptions& options);

/// Mamba's selective scan; see kernels::SelectiveScanArgs.
struct SelectiveScanOptions {
  Parameter* a_log = nullptr;  // [channels, state_size]
  Parameter* d = nullptr;      // [channels]; null: zero
  std::span<const Run> runs;
  std::span<float* const> states = {};  // empty, or one a run: [state_size, channels]; rewritten
};
/// y[rows, channels] of x and dt [channels], B and C [state_size]. Rows of no run are zero.
Var selective_scan(Context& context, Columns x, Columns dt, Columns b, Columns c, const SelectiveScanOptions& options);

/// Rows mixed with the rows before them; see kernels::TokenShiftArgs. Rows of no run are zero.
struct TokenShiftOptions {
  std::span<const Run> runs;
  std::span<float* const> states = {};  // empty, or one a run: its last row; rewritten
};
/// One output for each of at most kernels::kMaxShifts shares [.., channels]; the others are empty.
std::array<Var, kernels::kMaxShifts> token_shift(Context& context, Var x, std::initializer_list<Parameter*> shares,
                                                 const TokenShiftOptions& options);

/// RWKV-4's weighted average of the values so far; see kernels::WkvArgs. Rows of no run are zero.
struct WkvOptions {
  Parameter* decay = nullptr;  // [channels], as first
  Parameter* first = nullptr;
  std::span<const Run> runs;
  std::span<float* const> states = {};  // empty, or one a run: [3, channels]; rewritten
};
Var wkv(Context& context, Var k, Var v, const WkvOptions& options);

/// Griffin's gated linear recurrence; see kernels::RgLruArgs. Rows of no run are zero.
struct RgLruOptions {
  Parameter* param = nullptr;          // [channels]
  std::span<const int32_t> positions;  // of the rows; 0 begins a text
  std::span<const Run> runs;
  std::span<float* const> states = {};  // empty, or one a run: [channels]; rewritten
};
Var rg_lru(Context& context, Var x, Var input_gate, Var recurrent_gate, const RgLruOptions& options);

/// The recurrence of an LSTM's or a GRU's layer; see kernels::RecurrentArgs.
struct RecurrentOptions {
  kernels::RecurrentCell cell = kernels::RecurrentCell::kLstm;
  std::span<const Run> runs;
  std::span<float* const> states = {};       // empty, or one a run: h, then c of an LSTM
  std::span<float* const> next_states = {};  // where those after the runs go; empty: to the same places
};
/// h[rows, hidden] of `input` [rows, gates * hidden], the products of the layer's input, and the weight [gates * hidden, hidden]
/// with which each row reads the h before it. `bias` [gates * hidden] or null. Rows of no run are zero.
Var recurrent(Context& context, Var input, const Weight& weight, Parameter* bias, const RecurrentOptions& options);

/// y = rmsnorm(x * silu(z)) * weight by `groups` equal parts of a row (Dao & Gu 2024), or rmsnorm(x) * weight * silu(z) where the
/// norm is first. `weight` may be null; one of a part's width is that of all parts.
struct GatedNormOptions {
  int64_t groups = 1;
  float eps = 1e-5f;
  bool norm_first = false;
};
Var gated_norm(Context& context, Var x, Columns z, Parameter* weight, const GatedNormOptions& options);

}  // namespace malmoi::autograd

#include "autograd/block.h"  // IWYU pragma: export
#include "autograd/head.h"   // IWYU pragma: export
