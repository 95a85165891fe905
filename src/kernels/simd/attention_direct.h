// Attention of a few queries (a step of generation): keys and values are read once, where they lie.
#pragma once

#include "kernels/simd/attention_common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

/// scores[j] = q k_j^T: four keys at once, so that their sums do not wait for each other.
template <typename T>
void direct_scores(const AttentionArgs& a, const float* q, const T* keys, int64_t count, float* scores) {
  int64_t j = 0;
  for (; j + 4 <= count; j += 4) {
    const T* k = keys + j * a.k_stride;
    Vec sums[4] = {zero(), zero(), zero(), zero()};
    each_vec(a.head_dim, [&](int64_t d, auto w) MALMOI_INLINED {
      Vec x = load(q + d, w);
      each_index<4>(
          [&](auto i) MALMOI_INLINED { sums[i.value] = fma(x, load(k + i.value * a.k_stride + d, w), sums[i.value]); });
    });
    each_index<4>([&](auto i) MALMOI_INLINED { scores[j + i.value] = reduce_add(sums[i.value]); });
  }
  for (; j < count; ++j) {
    Vec sum = zero();
    const T* k = keys + j * a.k_stride;
    each_vec(a.head_dim, [&](int64_t d, auto w) MALMOI_INLINED { sum = fma(load(q + d, w), load(k + d, w), sum); });
    scores[j] = reduce_add(sum);
  }
}

/// sums += chances values: up to four vectors of a value at once stay in registers over all keys.
template <typename T>
void add_values(const AttentionArgs& a, const float* chances, const T* values, int64_t count, float* sums) {
  int64_t d = 0;
  for (; d + 4 * kLanes <= a.head_dim; d += 4 * kLanes) {
    Vec s[4];
    each_index<4>([&](auto i) MALMOI_INLINED { s[i.value] = load(sums + d + i.value * kLanes, Full{}); });
    for (int64_t j = 0; j < count; ++j) {
      const T* v = values + j * a.v_stride + d;
      Vec p = all(chances[j]);
      each_index<4>([&](auto i)
                        MALMOI_INLINED { s[i.value] = fma(p, load(v + i.value * kLanes, Full{}), s[i.value]); });
    }
    each_index<4>([&](auto i) MALMOI_INLINED { store(sums + d + i.value * kLanes, s[i.value], Full{}); });
  }
  each_vec(a.head_dim - d, [&](int64_t i, auto w) MALMOI_INLINED {
    Vec s = load(sums + d + i, w);
    for (int64_t j = 0; j < count; ++j) s = fma(all(chances[j]), load(values + j * a.v_stride + d + i, w), s);
    store(sums + d + i, s, w);
  });
}

/// One query of one head, a block of keys at a time with a running maximum.
template <typename T>
void attend_query(const AttentionArgs& a, const AttentionSegment& s, int64_t head, int64_t query, float* memory) {
  int64_t row = s.q_begin + query, kv = head / (a.heads / a.kv_heads) * a.head_dim;
  const T* from = as<T>(a.q) + row * a.q_stride + head * a.head_dim;
  float *scores = memory, *factors = memory + kDirectKeys, *sums = factors + kDirectKeys,
        *q = sums + lanes_of(a.head_dim);
  float top = kHidden, total = 0;
  each_vec(a.head_dim, [&](int64_t d, auto w) MALMOI_INLINED {
    store(sums + d, zero(), w);
    store(q + d, load(from + d, w), w);
  });
  KeyRange range = visible_keys(a, s, query);
  for (int64_t k = range.begin; k < range.end; k += kDirectKeys) {
    int64_t count = min_of(kDirectKeys, range.end - k);
    direct_scores(a, q, as<T>(s.k) + k * a.k_stride + kv, count, scores);
    float best = kHidden;
    each_vec(count, [&](int64_t j, auto w) MALMOI_INLINED {
      Vec x = load(scores + j, w) * all(a.scale);
      if (a.softcap > 0) x = all(a.softcap) * tanh(x / all(a.softcap));
      store(scores + j, x * all(kLog2E), w);
    });
    for (int64_t j = 0; j < count; ++j) {
      if (s.key_mask && !s.key_mask[k + j]) scores[j] = kHidden;
      best = scores[j] > best ? scores[j] : best;
    }
    if (best <= kHidden) continue;
    if (best > top) {
      Vec factor = exp2(all(top - best));
      total *= factor[0];
      each_vec(a.head_dim, [&](int64_t d, auto w) MALMOI_INLINED { store(sums + d, load(sums + d, w) * factor, w); });
      top = best;
    }
    Vec part = zero();
    each_vec(count, [&](int64_t j, auto w) MALMOI_INLINED {
      Vec p = only(exp2(load(scores + j, w) - all(top)), w, 0.0f);
      part += p;
      store(scores + j, p, w);
    });
    total += reduce_add(part);
    if (a.dropout.p > 0) {
      dropout_factors(a.dropout, dropout_index(a, head, row, k), count, factors);
      for (int64_t j = 0; j < count; ++j) scores[j] *= factors[j];
    }
    add_values(a, scores, as<T>(s.v) + k * a.v_stride + kv, count, sums);
  }
  T* out = as<T>(a.out) + row * a.out_stride + head * a.head_dim;
  Vec factor = all(total > 0 ? 1 / total : 0.0f);
  each_vec(a.head_dim, [&](int64_t d, auto w) MALMOI_INLINED { store(out + d, load(sums + d, w) * factor, w); });
  if (a.lse) {
    float lse = total > 0 ? top * kLn2 + __builtin_logf(total) : -__builtin_inff();
    as<float>(a.lse)[head * a.total_rows + row] = lse;
  }
}

template <typename T>
void attend_directly(const AttentionArgs& a, const AttentionSegment& s, int64_t head, Word* memory) {
  for (int64_t i = 0; i < s.q_length; ++i) attend_query<T>(a, s, head, i, reinterpret_cast<float*>(memory));
}

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
