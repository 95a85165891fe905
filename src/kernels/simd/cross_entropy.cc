// Softmax cross-entropy: one pass over a row for its maximum and sum, one that turns logits into their gradient.
#include "kernels/simd/logits.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

MALMOI_INLINE Vec capped(const CrossEntropyArgs& a, Vec x) { return capped_logit(a.logit_scale, a.softcap, x); }

struct RowSums {
  float top, total, sum;  // the maximum, sum of exp(z - top), sum of z
};

template <typename T>
RowSums sums(const CrossEntropyArgs& a, const T* row) {
  RowSums s{kLowest, 0, 0};
  Vec total = zero(), sum = zero();
  bool smooth = a.label_smoothing > 0;
  for (int64_t at = 0; at < a.cols; at += kLogitBlock) {
    int64_t n = min_of(kLogitBlock, a.cols - at);
    Vec top = all(kLowest);
    each_vec(n, [&](int64_t i, auto w)
                    MALMOI_INLINED { top = max(top, only(capped(a, load(row + at + i, w)), w, kLowest)); });
    float block_top = reduce_max(top);
    if (block_top > s.top) {
      total *= exp(all(s.top - block_top));
      s.top = block_top;
    }
    Vec shift = all(s.top);
    each_vec(n, [&](int64_t i, auto w) MALMOI_INLINED {
      Vec z = capped(a, load(row + at + i, w));
      total += only(exp_above(z, shift), w, 0.0f);
      if (smooth) sum += only(z, w, 0.0f);
    });
  }
  s.total = reduce_add(total);
  s.sum = reduce_add(sum);
  return s;
}

/// The value of one logit, as the row's loop sees it.
template <typename T>
float logit(const CrossEntropyArgs& a, const T* row, int64_t c) {
  return capped(a, all(widen(row[c])))[0];
}

template <typename T>
void gradient(const CrossEntropyArgs& a, T* row, float lse, int64_t target, float target_weight) {
  float n = static_cast<float>(a.cols), scale = a.loss_scale * a.logit_scale * target_weight;
  Vec shift = all(lse), weight = all((1 + 2 * a.z_weight * lse) * scale);
  Vec smooth = all(a.label_smoothing / n * scale);
  Vec z_target = capped(a, all(widen(row[target])));
  each_vec(a.cols, [&](int64_t i, auto w) MALMOI_INLINED {
    Vec z = capped(a, load(row + i, w));
    Vec d = fma(exp_above(z, shift), weight, zero() - smooth);
    if (a.softcap > 0) d *= cap_slope(a.softcap, z);
    store(row + i, d, w);
  });
  Vec d = fma(exp_above(z_target, shift), weight, zero() - smooth) - all((1 - a.label_smoothing) * scale);
  if (a.softcap > 0) d *= cap_slope(a.softcap, z_target);
  store(row + target, d, Part{1});
}

template <typename T>
void rows(const CrossEntropyArgs& a) {
  parallel_for(a.rows, row_grain(a.cols), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      T* row = as<T>(a.logits) + r * a.cols;
      RowSums s = sums(a, static_cast<const T*>(row));
      float lse = s.top + __builtin_logf(s.total), n = static_cast<float>(a.cols);
      int64_t target = a.targets[r];
      const float target_weight = a.target_weights ? a.target_weights[target] : 1;
      const float scale = a.row_scale ? a.row_scale[r] * target_weight : target_weight;
      if (a.loss) {
        a.loss[r] = target_weight * (lse - (1 - a.label_smoothing) * logit(a, row, target) -
                                     a.label_smoothing * s.sum / n + a.z_weight * lse * lse);
      }
      if (a.correct) a.correct[r] = logit(a, row, target) >= s.top;
      if (a.dlogits) gradient(a, row, lse, target, scale);
    }
  });
}

}  // namespace

void cross_entropy(Stream&, const CrossEntropyArgs& a) {
  if (a.cols == 0) return;
  with_type(a.dtype, [&](auto type) { rows<decltype(type)>(a); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
