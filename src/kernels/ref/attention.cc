// Oracle of attention: one query at a time, the definition itself.
#include "kernels/ref/attention.h"

namespace malmoi::kernels::ref {
namespace {

template <typename T>
void forward_row(const AttentionArgs& a, const AttentionSegment& s, int64_t head, int64_t query) {
  int64_t row = s.q_begin + query;
  Scores scores;
  std::vector<double> sum(static_cast<size_t>(a.value_dim));
  score_row<T>(a, s, head, query, scores);
  for (int64_t j = 0; j < s.k_length; ++j) {
    if (!visible(a, s, query, j)) continue;
    double p = std::exp(scores.full[static_cast<size_t>(j)] - scores.lse) *
               dropout_factor(a.dropout, dropout_index(a, head, row, j));
    for (int64_t d = 0; d < a.value_dim; ++d) sum[static_cast<size_t>(d)] += p * value_element<T>(a, s, head, j, d);
  }
  T* out = as<T>(a.out) + row * a.out_stride + head * a.value_dim;
  for (int64_t d = 0; d < a.value_dim; ++d) put(out[d], sum[static_cast<size_t>(d)]);
  if (a.lse) put(as<Param<T>>(a.lse)[head * a.total_rows + row], scores.lse);
}

template <typename T>
void forward(const AttentionArgs& a) {
  for (int64_t n = 0; n < a.num_segments; ++n) {
    for (int64_t h = 0; h < a.heads; ++h) {
      for (int64_t i = 0; i < a.segments[n].q_length; ++i) forward_row<T>(a, a.segments[n], h, i);
    }
  }
}

/// Sums of the keys of one segment and kv head: rows of head_dim and of value_dim.
struct KeyGradients {
  std::vector<double> dk, dv;
};

/// y += x, kept as y's type.
template <typename P>
void accumulate(void* values, int64_t i, double x) {
  P& y = as<P>(values)[i];
  put(y, get(y) + x);
}

/// Gradients of one query row: writes its dq, adds to those of its kv head's keys, of biases and of the sink.
template <typename T>
void backward_row(const AttentionBackwardArgs& b, const AttentionSegment& s, int64_t head, int64_t query,
                  KeyGradients& keys) {
  const AttentionArgs& a = b.forward;
  int64_t row = s.q_begin + query, D = a.head_dim, V = a.value_dim;
  const T* q = as<T>(a.q) + row * a.q_stride + head * D;
  const T* out = as<T>(static_cast<const void*>(a.out)) + row * a.out_stride + head * V;
  const T* dout = as<T>(b.dout) + row * a.out_stride + head * V;
  double scale = static_cast<double>(a.scale), cap = static_cast<double>(a.softcap), out_dot = 0;
  Scores scores;
  std::vector<double> dq(static_cast<size_t>(D));
  score_row<T>(a, s, head, query, scores);
  for (int64_t d = 0; d < V; ++d) out_dot += get(dout[d]) * get(out[d]);
  for (int64_t j = 0; j < s.k_length; ++j) {
    if (!visible(a, s, query, j)) continue;
    double p = std::exp(scores.full[static_cast<size_t>(j)] - scores.lse), dp = 0;
    double factor = dropout_factor(a.dropout, dropout_index(a, head, row, j));
    for (int64_t d = 0; d < V; ++d) {
      dp += get(dout[d]) * value_element<T>(a, s, head, j, d);
      keys.dv[static_cast<size_t>(j * V + d)] += p * factor * get(dout[d]);
    }
    double ds = p * (dp * factor - out_dot);
    if (b.dbias) accumulate<Param<T>>(b.dbias, bias_index(a, s, head, query, j), ds);
    double slope = cap > 0 ? scores.capped[static_cast<size_t>(j)] / cap : 0;
    ds *= scale * (1 - slope * slope);
    for (int64_t d = 0; d < D; ++d) {
      dq[static_cast<size_t>(d)] += ds * key_element<T>(a, s, head, j, d);
      keys.dk[static_cast<size_t>(j * D + d)] += ds * get(q[d]);
    }
  }
  T* to = as<T>(b.dq) + row * a.q_stride + head * D;
  for (int64_t d = 0; d < D; ++d) put(to[d], dq[static_cast<size_t>(d)]);
  if (b.dsinks) {
    double p = std::exp(get(as<Param<T>>(a.sinks)[head]) - scores.lse);
    accumulate<Param<T>>(b.dsinks, head, -p * out_dot);
  }
}

template <typename T>
void backward(const AttentionBackwardArgs& b) {
  const AttentionArgs& a = b.forward;
  int64_t group = a.heads / a.kv_heads, D = a.head_dim, V = a.value_dim;
  for (int64_t n = 0; n < a.num_segments; ++n) {
    const AttentionSegment& s = a.segments[n];
    for (int64_t g = 0; g < a.kv_heads; ++g) {
      KeyGradients keys;
      keys.dk.assign(static_cast<size_t>(s.k_length * D), 0.0);
      keys.dv.assign(static_cast<size_t>(s.k_length * V), 0.0);
      for (int64_t h = g * group; h < (g + 1) * group; ++h) {
        for (int64_t i = 0; i < s.q_length; ++i) backward_row<T>(b, s, h, i, keys);
      }
      for (int64_t j = 0; j < s.k_length; ++j) {
        T *dk = as<T>(s.dk) + j * a.k_stride + g * D, *dv = as<T>(s.dv) + j * a.v_stride + g * V;
        for (int64_t d = 0; d < D; ++d) put(dk[d], keys.dk[static_cast<size_t>(j * D + d)]);
        for (int64_t d = 0; d < V; ++d) put(dv[d], keys.dv[static_cast<size_t>(j * V + d)]);
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
