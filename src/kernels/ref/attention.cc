// Oracle of attention: one query at a time, the definition itself.
#include <algorithm>
#include <limits>
#include <vector>

#include "kernels/ref/ref.h"

namespace malmoi::kernels::ref {
namespace {

bool visible(const AttentionArgs& a, const AttentionSegment& s, int64_t query, int64_t key) {
  int64_t position = query + s.k_length - s.q_length;
  if (a.mask.causal && key > position) return false;
  if (a.mask.window > 0 && key <= position - a.mask.window) return false;
  return !s.key_mask || s.key_mask[key];
}

uint64_t dropout_index(const AttentionArgs& a, int64_t head, int64_t row, int64_t key) {
  return (static_cast<uint64_t>(head * a.total_rows + row) << 20) + static_cast<uint64_t>(key);
}

/// Scores of one query after the soft cap; -inf where hidden. Returns log sum exp.
template <typename T>
double score_row(const AttentionArgs& a, const AttentionSegment& s, int64_t head, int64_t query,
                 std::vector<double>& scores) {
  constexpr double kHidden = -std::numeric_limits<double>::infinity();
  int64_t kv_head = head / (a.heads / a.kv_heads);
  const T* q = as<T>(a.q) + (s.q_begin + query) * a.q_stride + head * a.head_dim;
  double top = kHidden, total = 0, cap = static_cast<double>(a.softcap);
  scores.assign(static_cast<size_t>(s.k_length), kHidden);
  for (int64_t j = 0; j < s.k_length; ++j) {
    if (!visible(a, s, query, j)) continue;
    const T* k = as<T>(s.k) + j * a.k_stride + kv_head * a.head_dim;
    double dot = 0;
    for (int64_t d = 0; d < a.head_dim; ++d) dot += get(q[d]) * get(k[d]);
    dot *= static_cast<double>(a.scale);
    if (cap > 0) dot = cap * std::tanh(dot / cap);
    scores[static_cast<size_t>(j)] = dot;
    top = std::max(top, dot);
  }
  if (top == kHidden) return kHidden;
  for (double x : scores) total += std::exp(x - top);
  return top + std::log(total);
}

template <typename T>
void forward(const AttentionArgs& a) {
  std::vector<double> scores, sum(static_cast<size_t>(a.head_dim));
  for (int64_t n = 0; n < a.num_segments; ++n) {
    const AttentionSegment& s = a.segments[n];
    for (int64_t h = 0; h < a.heads; ++h) {
      int64_t kv_head = h / (a.heads / a.kv_heads);
      for (int64_t i = 0; i < s.q_length; ++i) {
        int64_t row = s.q_begin + i;
        double lse = score_row<T>(a, s, h, i, scores);
        std::fill(sum.begin(), sum.end(), 0.0);
        for (int64_t j = 0; j < s.k_length; ++j) {
          if (!visible(a, s, i, j)) continue;
          double p =
              std::exp(scores[static_cast<size_t>(j)] - lse) * dropout_factor(a.dropout, dropout_index(a, h, row, j));
          const T* v = as<T>(s.v) + j * a.v_stride + kv_head * a.head_dim;
          for (int64_t d = 0; d < a.head_dim; ++d) sum[static_cast<size_t>(d)] += p * get(v[d]);
        }
        T* out = as<T>(a.out) + row * a.out_stride + h * a.head_dim;
        for (int64_t d = 0; d < a.head_dim; ++d) put(out[d], sum[static_cast<size_t>(d)]);
        if (a.lse) put(as<Param<T>>(a.lse)[h * a.total_rows + row], lse);
      }
    }
  }
}

/// Gradients of one query row: returns dq in `dq`, adds to dk and dv of its kv head.
template <typename T>
void backward_row(const AttentionBackwardArgs& b, const AttentionSegment& s, int64_t head, int64_t query,
                  std::vector<double>& scores, std::vector<double>& dq, std::vector<double>& dk,
                  std::vector<double>& dv) {
  const AttentionArgs& a = b.forward;
  int64_t kv_head = head / (a.heads / a.kv_heads), row = s.q_begin + query, D = a.head_dim;
  const T* q = as<T>(a.q) + row * a.q_stride + head * D;
  const T* out = as<T>(static_cast<const void*>(a.out)) + row * a.out_stride + head * D;
  const T* dout = as<T>(b.dout) + row * a.out_stride + head * D;
  double scale = static_cast<double>(a.scale), cap = static_cast<double>(a.softcap), out_dot = 0;
  double lse = score_row<T>(a, s, head, query, scores);
  for (int64_t d = 0; d < D; ++d) out_dot += get(dout[d]) * get(out[d]);
  for (int64_t j = 0; j < s.k_length; ++j) {
    if (!visible(a, s, query, j)) continue;
    double score = scores[static_cast<size_t>(j)], p = std::exp(score - lse);
    double factor = dropout_factor(a.dropout, dropout_index(a, head, row, j)), dp = 0;
    const T* k = as<T>(s.k) + j * a.k_stride + kv_head * D;
    const T* v = as<T>(s.v) + j * a.v_stride + kv_head * D;
    for (int64_t d = 0; d < D; ++d) {
      dp += get(dout[d]) * get(v[d]);
      dv[static_cast<size_t>(j * D + d)] += p * factor * get(dout[d]);
    }
    double ds = p * (dp * factor - out_dot);
    if (cap > 0) ds *= 1 - score / cap * (score / cap);
    for (int64_t d = 0; d < D; ++d) {
      dq[static_cast<size_t>(d)] += scale * ds * get(k[d]);
      dk[static_cast<size_t>(j * D + d)] += scale * ds * get(q[d]);
    }
  }
}

template <typename T>
void backward(const AttentionBackwardArgs& b) {
  const AttentionArgs& a = b.forward;
  int64_t group = a.heads / a.kv_heads, D = a.head_dim;
  std::vector<double> scores, dq(static_cast<size_t>(D)), dk, dv;
  for (int64_t n = 0; n < a.num_segments; ++n) {
    const AttentionSegment& s = a.segments[n];
    for (int64_t g = 0; g < a.kv_heads; ++g) {
      dk.assign(static_cast<size_t>(s.k_length * D), 0.0);
      dv.assign(static_cast<size_t>(s.k_length * D), 0.0);
      for (int64_t h = g * group; h < (g + 1) * group; ++h) {
        for (int64_t i = 0; i < s.q_length; ++i) {
          std::fill(dq.begin(), dq.end(), 0.0);
          backward_row<T>(b, s, h, i, scores, dq, dk, dv);
          T* to = as<T>(b.dq) + (s.q_begin + i) * a.q_stride + h * D;
          for (int64_t d = 0; d < D; ++d) put(to[d], dq[static_cast<size_t>(d)]);
        }
      }
      for (int64_t j = 0; j < s.k_length; ++j) {
        for (int64_t d = 0; d < D; ++d) {
          put(as<T>(s.dk)[j * a.k_stride + g * D + d], dk[static_cast<size_t>(j * D + d)]);
          put(as<T>(s.dv)[j * a.v_stride + g * D + d], dv[static_cast<size_t>(j * D + d)]);
        }
      }
    }
  }
}

}  // namespace

void attention(Stream&, const AttentionArgs& a) {
  with_type(a.dtype, [&](auto zero) { forward<decltype(zero)>(a); });
}

void attention_backward(Stream&, const AttentionBackwardArgs& b) {
  with_type(b.forward.dtype, [&](auto zero) { backward<decltype(zero)>(b); });
}

}  // namespace malmoi::kernels::ref
