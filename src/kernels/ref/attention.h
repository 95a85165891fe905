// The oracle's view of attention's operands: which keys are seen, where their rows lie, and the scores of one query.
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include "kernels/ref/ref.h"

namespace malmoi::kernels::ref {

/// Where the query stands among the segment's keys.
inline int64_t position_of(const AttentionSegment& s, int64_t query) { return query + s.k_length - s.q_length; }

inline int64_t chunk_of(const AttentionArgs& a, const AttentionSegment& s, int64_t position) {
  return static_cast<int64_t>(
      std::floor(static_cast<double>(s.k_begin + position) / static_cast<double>(a.mask.chunk)));
}

inline bool visible(const AttentionArgs& a, const AttentionSegment& s, int64_t query, int64_t key) {
  if (s.key_mask && !s.key_mask[key]) return false;
  if (key < s.prefix) return true;
  int64_t position = position_of(s, query);
  if (a.mask.causal && key > position) return false;
  if (a.mask.window > 0 && position - key >= a.mask.window) return false;
  if (a.mask.window > 0 && !a.mask.causal && key - position >= a.mask.window) return false;
  return a.mask.chunk <= 0 || chunk_of(a, s, key) == chunk_of(a, s, position);
}

inline uint64_t dropout_index(const AttentionArgs& a, int64_t head, int64_t row, int64_t key) {
  return (static_cast<uint64_t>(head * a.total_rows + row) << 20) + static_cast<uint64_t>(key);
}

/// Where in [heads, bias_left + 1 + bias_right] the bias of a query and a key stands.
inline int64_t bias_index(const AttentionArgs& a, const AttentionSegment& s, int64_t head, int64_t query, int64_t key) {
  int64_t place = a.bias_by_key ? s.k_begin + key : key - position_of(s, query);
  return head * (a.bias_left + 1 + a.bias_right) + a.bias_left + std::clamp(place, -a.bias_left, a.bias_right);
}

/// Row j of keys or values that are given as a whole or in pages.
template <typename T>
const T* row_of(const AttentionArgs& a, const void* all, const void* const* pages, int64_t stride, int64_t j) {
  if (!pages) return as<T>(all) + j * stride;
  return as<T>(pages[j / a.page_rows]) + j % a.page_rows * stride;
}

/// Element d of a head, `width` wide, of row j.
template <typename T>
double element_of(const AttentionArgs& a, const void* all, const void* const* pages, int64_t stride, int64_t j,
                  int64_t head, int64_t width, int64_t d) {
  const int64_t column = head / (a.heads / a.kv_heads) * width + d;
  if (!a.byte_rows) return get(row_of<T>(a, all, pages, stride, j)[column]);
  const uint8_t* row = row_of<uint8_t>(a, all, pages, stride, j);
  const auto* scales = reinterpret_cast<const float*>(row + a.kv_heads * width);
  return static_cast<double>(static_cast<int8_t>(row[column])) * static_cast<double>(scales[column / kByteGroup]);
}
template <typename T>
double key_element(const AttentionArgs& a, const AttentionSegment& s, int64_t head, int64_t j, int64_t d) {
  return element_of<T>(a, s.k, s.k_pages, a.k_stride, j, head, a.head_dim, d);
}
template <typename T>
double value_element(const AttentionArgs& a, const AttentionSegment& s, int64_t head, int64_t j, int64_t d) {
  return element_of<T>(a, s.v, s.v_pages, a.v_stride, j, head, a.value_dim, d);
}

/// The scores of one query; -inf where hidden.
struct Scores {
  std::vector<double> capped;  // after the soft cap, before the bias
  std::vector<double> full;
  double lse = 0;  // log sum exp, the sink's among them
};

template <typename T>
void score_row(const AttentionArgs& a, const AttentionSegment& s, int64_t head, int64_t query, Scores& scores) {
  constexpr double kHidden = -std::numeric_limits<double>::infinity();
  const T* q = as<T>(a.q) + (s.q_begin + query) * a.q_stride + head * a.head_dim;
  double cap = static_cast<double>(a.softcap), total = 0;
  double sink = a.sinks ? get(as<Param<T>>(a.sinks)[head]) : kHidden, top = sink;
  scores.capped.assign(static_cast<size_t>(s.k_length), kHidden);
  scores.full = scores.capped;
  for (int64_t j = 0; j < s.k_length; ++j) {
    if (!visible(a, s, query, j)) continue;
    double dot = 0;
    for (int64_t d = 0; d < a.head_dim; ++d) dot += get(q[d]) * key_element<T>(a, s, head, j, d);
    dot *= static_cast<double>(a.scale);
    if (cap > 0) dot = cap * std::tanh(dot / cap);
    double bias = a.bias ? get(as<Param<T>>(a.bias)[bias_index(a, s, head, query, j)]) : 0;
    scores.capped[static_cast<size_t>(j)] = dot;
    scores.full[static_cast<size_t>(j)] = dot + bias;
    top = std::max(top, dot + bias);
  }
  scores.lse = kHidden;
  if (top == kHidden) return;
  for (double x : scores.full) total += std::exp(x - top);
  scores.lse = top + std::log(total + std::exp(sink - top));
}

}  // namespace malmoi::kernels::ref
