// Attention, backward: which worker does which heads. A worker owns whole kv heads of a segment: dk and dv need no atomics
// and every sum has one order. What segments share, biases and sinks, is summed over them at the end.
#include "kernels/simd/attention_gradients.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

/// Adds the rows [segment][head] to dbias and dsinks, segment after segment.
void add_parameter_gradients(const AttentionBackwardArgs& b, const float* rows) {
  const AttentionArgs& a = b.forward;
  int64_t width = bias_width(a), words = parameter_row_words(a);
  auto add_head = [&](int64_t head) {
    for (int64_t n = 0; n < a.num_segments; ++n) {
      const float* row = rows + (n * a.heads + head) * words;
      if (b.dsinks) as<float>(b.dsinks)[head] += row[width];
      if (!b.dbias) continue;
      float* to = as<float>(b.dbias) + head * width;
      each_vec(width, [&](int64_t i, auto w) MALMOI_INLINED { store(to + i, load(to + i, w) + load(row + i, w), w); });
    }
  };
  parallel_for(a.heads, row_grain(a.num_segments * words), [&](int64_t begin, int64_t end) {
    for (int64_t head = begin; head < end; ++head) add_head(head);
  });
}

/// Whole kv heads go to workers by their running cost.
template <typename T>
void backward(const AttentionBackwardArgs& b) {
  const AttentionArgs& a = b.forward;
  int64_t total = 0;
  for (int64_t n = 0; n < a.num_segments; ++n) total += a.kv_heads * head_cost(a, a.segments[n]);
  int workers = team_size(a);
  int64_t words = backward_words(a), row_words = parameter_row_words(a);
  float* rows = as<float>(b.scratch);
  parallel_team(workers, [&](int worker) {
    Backward<T> backward(b, as<Word>(b.scratch) + parameter_rows_words(a) + worker * words);
    Share share(total, worker, workers);
    int64_t at = 0;
    for (int64_t n = 0; n < a.num_segments; ++n) {
      int64_t cost = head_cost(a, a.segments[n]);
      for (int64_t h = 0; h < a.kv_heads; ++h, at += cost) {
        bool mine = cost > 0 ? share.holds(at + cost / 2) : worker == 0;
        if (mine) backward.run(a.segments[n], h, rows + n * a.heads * row_words);
      }
    }
  });
  if (b.dbias || b.dsinks) add_parameter_gradients(b, rows);
}

}  // namespace

void attention_backward(Stream&, const AttentionBackwardArgs& b) {
  if (b.forward.heads == 0 || b.forward.num_segments == 0) return;
  with_type(b.forward.dtype, [&](auto type) { backward<decltype(type)>(b); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
