#include "nn/layers.h"

#include <vector>

namespace malmoi::nn {

Var SelfAttention::operator()(Context& context, Var qkv, const Batch& batch, int64_t layer) const {
  if (rotary) {
    qkv = autograd::rotary(context, std::move(qkv),
                           {.heads = heads + kv_heads,
                            .head_dim = head_dim,
                            .rotary_dim = rotary->config().rotary_dim,
                            .positions = batch.positions.data(),
                            .cos = rotary->cos(),
                            .sin = rotary->sin()});
  }
  autograd::AttentionOptions options{.heads = heads,
                                     .kv_heads = kv_heads,
                                     .head_dim = head_dim,
                                     .scale = scale,
                                     .softcap = softcap,
                                     .causal = causal,
                                     .window = window,
                                     .dropout = dropout,
                                     .runs = batch.runs};
  if (batch.states.empty()) return autograd::attention(context, qkv, options);

  static thread_local std::vector<autograd::CachedKeys> cached;
  cached.clear();
  int64_t width = qkv.value.shape().columns(), kv_width = kv_heads * head_dim;
  size_t element = dtype_size(qkv.value.dtype());
  auto* rows = static_cast<const std::byte*>(qkv.value.data());
  for (size_t i = 0; i < batch.runs.size(); ++i) {
    const autograd::Run& run = batch.runs[i];
    SequenceState& state = *batch.states[i];
    const std::byte* k = rows + static_cast<size_t>(run.begin * width + heads * head_dim) * element;
    if (!context.rehearsal()) state.write(layer, k, k + static_cast<size_t>(kv_width) * element, run.length, width);
    cached.push_back({state.keys(layer), state.values(layer), state.length() + run.length, kv_width});
  }
  options.cached = cached;
  return autograd::attention(context, qkv, options);
}

}  // namespace malmoi::nn
