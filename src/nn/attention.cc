#include "nn/attention.h"

#include <cmath>
#include <vector>

#include "nn/cached_keys.h"

namespace malmoi::nn {
namespace {

using autograd::CachedKeys;

autograd::AttentionOptions options_of(const AttentionSpec& s, const Batch& batch) {
  return {.heads = s.heads,
          .kv_heads = s.kv_heads,
          .head_dim = s.head_dim,
          .scale = static_cast<float>(s.scale > 0 ? s.scale : 1 / std::sqrt(static_cast<double>(s.head_dim))),
          .softcap = static_cast<float>(s.softcap),
          .mask = s.mask,
          .dropout = static_cast<float>(s.dropout),
          .runs = batch.runs,
          .key_mask = batch.key_mask};
}

// A norm over all heads is that of one head as wide as they are together.
autograd::HeadNormRun head_norm(const Declare& declare, const AttentionSpec& s, int64_t heads) {
  autograd::HeadNormRun run{heads, s.head_dim};
  if (s.qk_norm == QkNorm::kOwnWeights) {
    ParameterSpec weight{
        .name = declare.tensor("weight"), .shape = {heads * s.head_dim}, .init = {.constant = 1 - s.qk_norm_offset}};
    for (int64_t h = 0; h < heads; ++h)
      weight.sources.push_back({(declare / "norms" / h).tensor("weight"), h * s.head_dim, s.head_dim});
    run.weight = declare.set().add(std::move(weight));
    run.per_head = true;
    return run;
  }
  if (s.qk_norm == QkNorm::kAllHeads) run = {1, heads * s.head_dim};
  Norm n = norm(
      declare,
      {.width = run.head_dim, .layer = s.qk_norm_layer, .bias = s.qk_norm_bias, .weight_offset = s.qk_norm_offset});
  run.weight = n.weight;
  run.bias = n.bias;
  return run;
}

}  // namespace

SelfAttention::SelfAttention(const Declare& declare, const AttentionSpec& spec) : spec_(spec) {
  int64_t q = spec.heads * spec.head_dim, kv = spec.kv_heads * spec.head_dim;
  const AttentionNames& n = spec.names;
  Layout all = spec.layout.kind == Layout::kTransposed ? spec.layout : Layout{};  // of every matrix of the module
  LinearSpec qkv{.in = spec.width, .bias = spec.bias, .layout = all};
  auto permuted = [&](int64_t heads) {  // what is rotated
    return spec.layout.kind == Layout::kRotaryPermuted ? Layout{Layout::kRotaryPermuted, heads} : Layout{};
  };
  if (n.fused) {
    qkv.out = q + 2 * kv;
    qkv.layout = spec.layout;
  } else {
    Layout queries = permuted(spec.heads);
    if (spec.output_gate)
      queries = {.kind = Layout::kPartsInterleaved, .heads = spec.heads, .parts = {spec.head_dim, spec.head_dim}};
    qkv.parts = {{n.q, q + gate_width(), spec.q_std, queries}, {n.k, kv, -1, permuted(spec.kv_heads)}, {n.v, kv}};
  }
  qkv_ = linear(declare / (n.fused ? n.fused : "qkv_proj"), qkv);
  out_ =
      linear(declare / n.out, {.in = q, .out = spec.width, .bias = spec.out_bias, .std = spec.out_std, .layout = all});
  if (spec.qk_norm == QkNorm::kNone) return;
  q_norm_ = head_norm(declare / n.q_norm, spec, spec.heads);
  k_norm_ = head_norm(declare / n.k_norm, spec, spec.kv_heads);
  k_norm_.skip = gate_width();
}

Var SelfAttention::operator()(Context& context, Var x, const Batch& batch, int64_t slot,
                              const DistanceBias& bias) const {
  const AttentionSpec& s = spec_;
  int64_t q = s.heads * s.head_dim, kv = s.kv_heads * s.head_dim, kv_begin = q + gate_width();
  Var qkv = qkv_(context, std::move(x));  // [rows, kv_begin + 2 kv]
  if (s.qk_norm != QkNorm::kNone)
    qkv = autograd::head_norm(
        context, std::move(qkv), {q_norm_, k_norm_},
        {.layer = s.qk_norm_layer, .eps = static_cast<float>(s.qk_norm_eps), .weight_offset = s.qk_norm_offset});
  qkv = autograd::scale(context, std::move(qkv), {{kv_begin, 1}, {kv, static_cast<float>(s.key_scale)}});
  if (s.rotary) {
    int64_t together = s.output_gate ? s.heads : s.heads + s.kv_heads;  // gates stand between queries and keys
    qkv = autograd::rotary(context, std::move(qkv),
                           s.rotary->options(together, s.head_dim, batch.positions, batch.text_lengths));
  }
  if (s.rotary && s.output_gate) {
    autograd::RotaryOptions of_keys = s.rotary->options(s.kv_heads, s.head_dim, batch.positions, batch.text_lengths);
    of_keys.first_column = kv_begin;
    qkv = autograd::rotary(context, std::move(qkv), of_keys);
  }
  autograd::AttentionOptions options = options_of(s, batch);
  DistanceBias added = s.alibi ? s.alibi->bias(context.statistics_type()) : bias;
  options.bias_left = added.left;
  options.bias_right = added.right;
  options.bias_by_key = added.by_key;
  if (!batch.states.empty()) remember(context, qkv.value, batch, slot, options);
  autograd::Columns k{qkv, kv_begin, kv}, v{qkv, kv_begin + kv, kv}, gate;
  if (s.output_gate) gate = {qkv, q, q};
  Var attended = autograd::attention(context, {std::move(qkv), 0, q}, std::move(k), std::move(v), options,
                                     std::move(added.values));
  if (s.output_gate)
    attended = autograd::multiply(context, {std::move(attended), 0, q}, std::move(gate), kernels::Activation::kSigmoid);
  return out_(context, std::move(attended));
}

void SelfAttention::remember(Context& context, const Tensor& qkv, const Batch& batch, int64_t slot,
                             autograd::AttentionOptions& options) const {
  const int64_t kv = spec_.kv_heads * spec_.head_dim, kv_begin = qkv.shape().columns() - 2 * kv;
  const bool in_bytes = batch.states.front()->in_bytes(slot);
  const KeptRows k(context, qkv, kv_begin, kv, in_bytes), v(context, qkv, kv_begin + kv, kv, in_bytes);
  std::vector<CachedKeys>& keys = cached_buffer();
  for (size_t i = 0; i < batch.states.size(); ++i) {
    const autograd::Run& run = batch.runs[i];
    SequenceState& state = *batch.states[i];
    if (!context.rehearsal()) state.write(slot, k.row(run.begin), k.stride(), v.row(run.begin), v.stride(), run.length);
    keys.push_back(cached(state.keys(slot, run.length)));
  }
  use_cache(options, keys, kv, in_bytes);
}

CrossAttention::CrossAttention(const Declare& declare, const AttentionSpec& spec, int64_t memory_width) : spec_(spec) {
  int64_t q = spec.heads * spec.head_dim, kv = spec.kv_heads * spec.head_dim;
  const AttentionNames& n = spec.names;
  q_ = linear(declare / n.q, {.in = spec.width, .out = q, .bias = spec.bias, .std = spec.q_std, .layout = spec.layout});
  kv_ = linear(declare / "kv_proj",
               {.in = memory_width, .bias = spec.bias, .parts = {{n.k, kv}, {n.v, kv}}, .layout = spec.layout});
  out_ = linear(declare / n.out,
                {.in = q, .out = spec.width, .bias = spec.out_bias, .std = spec.out_std, .layout = spec.layout});
}

Var CrossAttention::operator()(Context& context, Var x, const Batch& batch, int64_t slot, Var memory) const {
  int64_t q = spec_.heads * spec_.head_dim, kv = spec_.kv_heads * spec_.head_dim;
  autograd::AttentionOptions options = options_of(spec_, batch);
  Var queries = q_(context, std::move(x));
  Var fused;
  std::vector<CachedKeys>& keys = cached_buffer();
  if (memory) {
    fused = kv_(context, std::move(memory));  // [source rows, 2 kv_heads head_dim]
    options.key_runs = batch.source->runs;
    options.key_mask = batch.source->key_mask;
  } else {
    options.key_mask = {};
    for (SequenceState* state : batch.states) keys.push_back(cached(state->memory(slot)));
    use_cache(options, keys, kv, !batch.states.empty() && batch.states.front()->in_bytes(slot));
  }
  autograd::Columns v{fused, kv, kv};
  Var attended =
      autograd::attention(context, {std::move(queries), 0, q}, {std::move(fused), 0, kv}, std::move(v), options);
  return out_(context, std::move(attended));
}

void CrossAttention::remember(Context& context, const Var& memory, const Batch& source, int64_t slot) const {
  int64_t kv = spec_.kv_heads * spec_.head_dim;
  if (source.states.empty()) return;
  Var fused = kv_(context, memory);
  const bool in_bytes = source.states.front()->in_bytes(slot);
  const KeptRows k(context, fused.value, 0, kv, in_bytes), v(context, fused.value, kv, kv, in_bytes);
  for (size_t i = 0; i < source.states.size(); ++i) {
    const int64_t first = source.runs[i].begin;
    source.states[i]->write_memory(slot, k.row(first), k.stride(), v.row(first), v.stride());
  }
}

}  // namespace malmoi::nn
