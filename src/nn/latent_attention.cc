#include "nn/latent_attention.h"

#include <cassert>
#include <vector>

#include "nn/cached_keys.h"

namespace malmoi::nn {
namespace {

constexpr double kNormEps = 1e-6;  // of the two norms inside, whatever a config says of the others, as published

double flops_of(const kernels::HeadProductArgs& a) {
  return 2.0 * static_cast<double>(a.rows * a.heads * a.in) * static_cast<double>(a.out);
}

// Calls body(first row, rows) for runs that lie one behind the other together.
template <typename Body>
void each_stretch(std::span<const autograd::Run> runs, const Body& body) {
  for (size_t i = 0; i < runs.size();) {
    int64_t begin = runs[i].begin, end = begin;
    for (; i < runs.size() && runs[i].begin == end; ++i) end += runs[i].length;
    body(begin, end - begin);
  }
}

}  // namespace

LatentAttention::LatentAttention(const Declare& declare, const LatentAttentionSpec& s) : spec_(s) {
  int64_t q = s.heads * (s.nope_dim + s.rope_dim);
  if (s.q_rank > 0) {
    q_a_ = linear(declare / "q_a_proj", {.in = s.width, .out = s.q_rank, .bias = s.bias});
    q_norm_ = norm(declare / "q_a_layernorm", {.width = s.q_rank, .eps = kNormEps});
    q_ = linear(declare / "q_b_proj", {.in = s.q_rank, .out = q});
  } else {
    q_ = linear(declare / "q_proj", {.in = s.width, .out = q});
  }
  kv_a_ = linear(declare / "kv_a_proj_with_mqa", {.in = s.width, .out = s.kv_rank + s.rope_dim, .bias = s.bias});
  kv_norm_ = {1, s.kv_rank, norm(declare / "kv_a_layernorm", {.width = s.kv_rank}).weight};
  kv_b_ = linear(declare / "kv_b_proj", {.in = s.kv_rank, .out = s.heads * (s.nope_dim + s.value_dim)});
  out_ = linear(declare / "o_proj", {.in = s.heads * s.value_dim, .out = s.width, .bias = s.bias});
}

Var LatentAttention::operator()(Context& context, Var x, const Batch& batch, int64_t slot) const {
  Var q = queries(context, x, batch);                  // [rows, heads (nope_dim + rope_dim)]
  Var latent = latents(context, std::move(x), batch);  // [rows, kv_rank + rope_dim]
  Var attended = batch.states.empty()                  // [rows, heads value_dim]
                     ? attend_in_full(context, std::move(q), std::move(latent), batch.runs, batch.key_mask)
                     : attend_with_states(context, std::move(q), std::move(latent), batch, slot);
  return out_(context, std::move(attended));
}

Var LatentAttention::queries(Context& context, Var x, const Batch& batch) const {
  const LatentAttentionSpec& s = spec_;
  if (s.q_rank > 0) x = q_norm_(context, q_a_(context, std::move(x)));
  autograd::RotaryOptions rotated =
      s.rotary->options(s.heads, s.nope_dim + s.rope_dim, batch.positions, batch.text_lengths);
  rotated.first_column = s.nope_dim;
  return autograd::rotary(context, q_(context, std::move(x)), rotated);
}

Var LatentAttention::latents(Context& context, Var x, const Batch& batch) const {
  autograd::RotaryOptions rotated = spec_.rotary->options(1, spec_.rope_dim, batch.positions, batch.text_lengths);
  rotated.first_column = spec_.kv_rank;
  Var latent =
      autograd::head_norm(context, kv_a_(context, std::move(x)), {kv_norm_}, {.eps = static_cast<float>(kNormEps)});
  return autograd::rotary(context, std::move(latent), rotated);
}

Var LatentAttention::attend_in_full(Context& context, Var q, Var latent, std::span<const autograd::Run> runs,
                                    std::span<const uint8_t> key_mask) const {
  const LatentAttentionSpec& s = spec_;
  int64_t key_dim = s.nope_dim + s.rope_dim;
  Var kv = kv_b_(context, autograd::slice(context, {latent, 0, s.kv_rank}));  // [rows, heads (nope_dim + value_dim)]
  autograd::LatentKeys heads = autograd::latent_keys(
      context, std::move(kv), {std::move(latent), s.kv_rank, s.rope_dim},
      {.heads = s.heads, .own_dim = s.nope_dim, .shared_dim = s.rope_dim, .value_dim = s.value_dim});
  return autograd::attention(context, {std::move(q), 0, s.heads * key_dim},
                             {std::move(heads.keys), 0, s.heads * key_dim},
                             {std::move(heads.values), 0, s.heads * s.value_dim},
                             {.heads = s.heads,
                              .kv_heads = s.heads,
                              .head_dim = key_dim,
                              .value_dim = s.value_dim,
                              .scale = static_cast<float>(s.scale),
                              .dropout = static_cast<float>(s.dropout),
                              .runs = runs,
                              .key_mask = key_mask});
}

Var LatentAttention::attend_with_states(Context& context, Var q, Var latent, const Batch& batch, int64_t slot) const {
  assert(!context.tape);
  static thread_local std::vector<autograd::Run> beginning, going_on;
  beginning.clear();
  going_on.clear();
  std::vector<autograd::CachedKeys>& keys = cached_buffer();  // of those that go on
  for (size_t i = 0; i < batch.states.size(); ++i) {
    const autograd::Run& run = batch.runs[i];
    SequenceState& state = *batch.states[i];
    if (!context.rehearsal())
      state.write(slot, row_at(latent.value, run.begin, 0), spec_.kv_rank + spec_.rope_dim, nullptr, 0, run.length);
    if (state.length() == 0) {  // all its keys are rows of the batch
      beginning.push_back(run);
      continue;
    }
    going_on.push_back(run);
    keys.push_back(cached(state.keys(slot, run.length)));
  }
  const Tensor q_rows = q.value;
  Tensor values = beginning.empty() ? context.temporary(context.dtype, {batch.rows(), spec_.heads * spec_.value_dim})
                                    : attend_in_full(context, std::move(q), std::move(latent), beginning, {}).value;
  if (!going_on.empty()) attend_absorbed(context, q_rows, going_on, keys, values);
  return {std::move(values), -1};
}

// Scores q_h . [K_h c | r] are [K_h^T q_h] . [c | r], and what is attended to, sum_j p_j V_h c_j, is V_h (sum_j p_j c_j): all
// heads read the same rows, and no key or value is ever made.
void LatentAttention::attend_absorbed(Context& context, const Tensor& q, std::span<const autograd::Run> runs,
                                      const std::vector<autograd::CachedKeys>& keys, Tensor& values) const {
  const LatentAttentionSpec& s = spec_;
  const int64_t rows = q.shape().rows(), row_width = s.kv_rank + s.rope_dim;
  // Of each head nope_dim rows of its key matrix, then value_dim rows of its value matrix.
  const Tensor kv = (*kv_b_.weight)->rows(context);
  Tensor turned = context.temporary(context.dtype, {rows, s.heads * row_width});
  each_stretch(runs, [&](int64_t first, int64_t count) {
    Tensor part = turned.rows(first, count);
    kernels::HeadProductArgs args = product_of_heads(q.rows(first, count), kv, part);
    args.in = s.nope_dim;
    args.out = s.kv_rank;
    args.transposed = true;
    args.tail = s.rope_dim;
    context.run("queries to latent rows", flops_of(args), &kernels::Backend::head_product, args);
  });
  autograd::AttentionOptions options{.heads = s.heads,
                                     .kv_heads = 1,
                                     .head_dim = row_width,
                                     .value_dim = s.kv_rank,
                                     .scale = static_cast<float>(s.scale),
                                     .runs = runs};
  use_cache(options, keys, row_width);
  const Tensor attended =  // [rows, heads kv_rank]
      autograd::attention(context, {{std::move(turned), -1}, 0, s.heads * row_width}, {}, {}, options).value;
  each_stretch(runs, [&](int64_t first, int64_t count) {
    Tensor part = values.rows(first, count);
    kernels::HeadProductArgs args = product_of_heads(attended.rows(first, count), kv, part);
    args.in = s.kv_rank;
    args.out = s.value_dim;
    args.w = row_at(kv, s.nope_dim, 0);
    context.run("latent rows to values", flops_of(args), &kernels::Backend::head_product, args);
  });
}

kernels::HeadProductArgs LatentAttention::product_of_heads(const Tensor& x, const Tensor& kv, Tensor& y) const {
  const int64_t heads = spec_.heads, x_width = x.shape().columns(), y_width = y.shape().columns();
  return {.dtype = y.dtype(),
          .w_dtype = kv.dtype(),
          .rows = y.shape().rows(),
          .heads = heads,
          .x = x.data(),
          .x_stride = x_width,
          .x_head = x_width / heads,
          .w = kv.data(),
          .w_head = (spec_.nope_dim + spec_.value_dim) * spec_.kv_rank,
          .y = y.data(),
          .y_stride = y_width,
          .y_head = y_width / heads};
}

}  // namespace malmoi::nn
