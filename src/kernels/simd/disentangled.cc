// The probabilities of disentangled attention: rows of scores gather what depends on distances, and give it back.
#include "kernels/simd/common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

MALMOI_INLINE bool is_hidden(const DisentangledArgs& a, int64_t i) { return a.key_mask && a.key_mask[i] == 0; }

MALMOI_INLINE uint64_t first_element(const DisentangledArgs& a, int64_t i) {
  return (a.first_element + static_cast<uint64_t>(i)) << 20;
}

/// Adds what depends on distances to row i, scales it, and puts hidden keys out of reach.
void complete_scores(const DisentangledArgs& a, int64_t i, float* row) {
  const float* to = a.to_position ? as<float>(a.to_position) + i * a.positions - a.first_row : nullptr;
  const float* from = a.from_position ? as<float>(a.from_position) - a.first_row : nullptr;
  const int32_t* rows = a.rows + i + a.length - 1;  // of key j: rows[-j]
  for (int64_t j = 0; j < a.length; ++j) {
    float z = row[j];
    if (to) z += to[rows[-j]];
    if (from) z += from[j * a.positions + rows[-j]];
    row[j] = is_hidden(a, j) ? kLowest : z * a.scale;
  }
}

void softmax(const DisentangledArgs& a, int64_t i, float* row) {
  if (is_hidden(a, i)) {
    each_vec(a.length,
             [&](int64_t j, auto w) MALMOI_INLINED { store(row + j, all(1 / static_cast<float>(a.length)), w); });
    return;
  }
  complete_scores(a, i, row);
  Vec top = all(kLowest), sum = zero();
  each_vec(a.length, [&](int64_t j, auto w) MALMOI_INLINED { top = max(top, only(load(row + j, w), w, kLowest)); });
  Vec shift = all(reduce_max(top));
  each_vec(a.length, [&](int64_t j, auto w) MALMOI_INLINED {
    Vec e = exp(load(row + j, w) - shift);
    store(row + j, e, w);
    sum += only(e, w, 0.0f);
  });
  Vec inverse = all(1 / reduce_add(sum));
  each_vec(a.length, [&](int64_t j, auto w) MALMOI_INLINED { store(row + j, load(row + j, w) * inverse, w); });
  if (!a.key_mask) return;
  for (int64_t j = 0; j < a.length; ++j) row[j] = a.key_mask[j] ? row[j] : 0.0f;  // exp does not reach zero
}

/// Row i of the softmax becomes the gradient of its scores.
void score_gradient(const DisentangledArgs& a, int64_t i, const float* dp, float* row) {
  if (is_hidden(a, i)) {
    each_vec(a.length, [&](int64_t j, auto w) MALMOI_INLINED { store(row + j, zero(), w); });
    return;
  }
  Vec dot = zero();
  each_masked(a.dropout, first_element(a, i), a.length, [&](int64_t j, Vec factor, auto w) MALMOI_INLINED {
    dot += only(load(row + j, w) * load(dp + j, w) * factor, w, 0.0f);
  });
  Vec total = all(reduce_add(dot)), scale = all(a.scale);
  each_masked(a.dropout, first_element(a, i), a.length, [&](int64_t j, Vec factor, auto w) MALMOI_INLINED {
    Vec above = fma(load(dp + j, w), factor, zero() - total);
    store(row + j, load(row + j, w) * above * scale, w);
  });
}

MALMOI_INLINE void clear(float* row, int64_t n) {
  each_vec(n, [&](int64_t i, auto w) MALMOI_INLINED { store(row + i, zero(), w); });
}

}  // namespace

void disentangled(Stream&, const DisentangledArgs& a) {
  parallel_for(a.length, row_grain(a.length), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      float *row = as<float>(a.scores) + i * a.length, *p = as<float>(a.p) + i * a.length;
      softmax(a, i, row);
      if (p == row && a.dropout.p <= 0) continue;
      each_masked(a.dropout, first_element(a, i), a.length,
                  [&](int64_t j, Vec factor, auto w) MALMOI_INLINED { store(p + j, load(row + j, w) * factor, w); });
    }
  });
}

void disentangled_backward(Stream&, const DisentangledBackwardArgs& b) {
  const DisentangledArgs& a = b.forward;
  parallel_for(a.length, row_grain(a.length), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      float* row = as<float>(a.scores) + i * a.length;
      score_gradient(a, i, as<float>(b.dp) + i * a.length, row);
      if (!a.to_position) continue;
      float* to = as<float>(a.to_position) + i * a.positions;
      clear(to, a.positions);
      const int32_t* rows = a.rows + i + a.length - 1;
      for (int64_t j = 0; j < a.length; ++j) to[rows[-j] - a.first_row] += row[j];
    }
  });
  if (!a.from_position) return;
  parallel_for(a.length, row_grain(a.length), [&](int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end; ++j) {
      float* from = as<float>(a.from_position) + j * a.positions;
      clear(from, a.positions);
      const int32_t* rows = a.rows + a.length - 1 - j;  // of query i: rows[i]
      for (int64_t i = 0; i < a.length; ++i) from[rows[i] - a.first_row] += as<float>(a.scores)[i * a.length + j];
    }
  });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
