// What losses over rows of logits share: their scale and soft cap, and the logarithm of a softmax's denominator.
#pragma once

#include "kernels/simd/common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

constexpr int64_t kLogitBlock = 1024;  // a block is read for its maximum, then, from the first cache, for its sum

/// x -> c tanh(x / c) of the scaled logit; c of 0: no cap.
MALMOI_INLINE Vec capped_logit(float scale, float softcap, Vec x) {
  x *= all(scale);
  return softcap > 0 ? all(softcap) * tanh(x / all(softcap)) : x;
}

/// The slope of the soft cap where it gives z.
MALMOI_INLINE Vec cap_slope(float softcap, Vec z) {
  Vec t = z / all(softcap);
  return fnma(t, t, all(1.0f));
}

/// e^(z - shift): the difference first, so that large logits keep their precision.
MALMOI_INLINE Vec exp_above(Vec z, Vec shift) { return exp2((z - shift) * all(1.44269504088896341f)); }

/// log sum_i e^value(i, width) over [0, n).
template <typename Value>
MALMOI_INLINE float log_sum_exp(int64_t n, const Value& value) {
  float top = kLowest;
  Vec total = zero();
  for (int64_t at = 0; at < n; at += kLogitBlock) {
    const int64_t count = min_of(kLogitBlock, n - at);
    Vec largest = all(kLowest);
    each_vec(count,
             [&](int64_t i, auto w) MALMOI_INLINED { largest = max(largest, only(value(at + i, w), w, kLowest)); });
    const float block_top = reduce_max(largest);
    if (block_top > top) {
      total *= exp(all(top - block_top));
      top = block_top;
    }
    const Vec shift = all(top);
    each_vec(count,
             [&](int64_t i, auto w) MALMOI_INLINED { total += only(exp_above(value(at + i, w), shift), w, 0.0f); });
  }
  return top + __builtin_logf(reduce_add(total));
}

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
