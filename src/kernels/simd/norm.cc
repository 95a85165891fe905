// RMS and layer norm: the residual sum with dropout, statistics and output while a row is in the first cache.
#include "kernels/simd/common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

template <typename T>
void add_residual(const NormArgs& a, int64_t r) {
  const T *x = as<T>(a.x) + r * a.cols, *delta = as<T>(a.delta) + r * a.cols;
  T* sum = as<T>(a.sum) + r * a.cols;
  Vec scale = all(a.delta_scale);
  each_masked(a.dropout, static_cast<uint64_t>(r * a.cols), a.cols, [&](int64_t i, Vec factor, auto w) MALMOI_INLINED {
    store(sum + i, fma(load(delta + i, w), factor * scale, load(x + i, w)), w);
  });
}

struct Statistics {
  float mean, rstd;
};

/// The sum over [0, n) of what step adds to an accumulator; four at once, since one would wait for its own latency.
template <typename Step>
MALMOI_INLINE float accumulate(int64_t n, const Step& step) {
  Vec a = zero(), b = zero(), c = zero(), d = zero();
  int64_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
    a = step(i, a, Full{}), b = step(i + kLanes, b, Full{});
    c = step(i + 2 * kLanes, c, Full{}), d = step(i + 3 * kLanes, d, Full{});
  }
  for (; i + kLanes <= n; i += kLanes) a = step(i, a, Full{});
  if (i < n) b = step(i, b, Part{static_cast<int>(n - i)});
  return reduce_add((a + b) + (c + d));
}

template <typename T>
Statistics statistics(const NormArgs& a, const T* s) {
  float n = static_cast<float>(a.cols), mean = 0;
  if (a.layer) {
    mean = accumulate(a.cols, [&](int64_t i, Vec sum, auto w) MALMOI_INLINED { return sum + load(s + i, w); }) / n;
  }
  Vec center = all(mean);
  float squares = accumulate(a.cols, [&](int64_t i, Vec sum, auto w) MALMOI_INLINED {
    Vec d = only(load(s + i, w) - center, w, 0.0f);
    return fma(d, d, sum);
  });
  return {mean, 1.0f / __builtin_sqrtf(squares / n + a.eps)};
}

template <typename T>
void normalise(const NormArgs& a, const T* s, T* y, Statistics t) {
  const float *weight = as<float>(a.weight), *bias = as<float>(a.bias);
  Vec mean = all(t.mean), rstd = all(t.rstd), offset = all(a.weight_offset);
  each_vec(a.cols, [&](int64_t i, auto w) MALMOI_INLINED {
    Vec v = (load(s + i, w) - mean) * rstd;
    if (weight) v *= load(weight + i, w) + offset;
    if (bias) v += load(bias + i, w);
    store(y + i, v, w);
  });
}

template <typename T>
void norm_rows(const NormArgs& a) {
  parallel_for(a.rows, row_grain(a.cols), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      if (a.delta) add_residual<T>(a, r);
      const T* s = (a.delta ? as<T>(static_cast<const void*>(a.sum)) : as<T>(a.x)) + r * a.cols;
      Statistics t = statistics(a, s);
      if (a.layer && a.mean) as<float>(a.mean)[r] = t.mean;
      if (a.rstd) as<float>(a.rstd)[r] = t.rstd;
      if (a.y) normalise(a, s, as<T>(a.y) + r * a.cols, t);
    }
  });
}

/// The gradients of one row; adds to the worker's dweight and dbias.
template <typename T>
void backward_row(const NormBackwardArgs& a, int64_t r, float* dweight, float* dbias) {
  const T *s = as<T>(a.sum) + r * a.cols, *dy = as<T>(a.dy) + r * a.cols;
  const T* dsum = a.dsum ? as<T>(a.dsum) + r * a.cols : nullptr;
  const float* weight = as<float>(a.weight);
  float rstd = as<float>(a.rstd)[r], mean = a.layer ? as<float>(a.mean)[r] : 0.0f;
  Vec center = all(mean), scale = all(rstd), offset = all(a.weight_offset), sum_g = zero(), sum_gx = zero();
  Vec delta_scale = all(a.delta_scale);
  each_vec(a.cols, [&](int64_t i, auto w) MALMOI_INLINED {
    Vec d = load(dy + i, w), x = only((load(s + i, w) - center) * scale, w, 0.0f);
    if (dweight) store(dweight + i, fma(d, x, load(dweight + i, w)), w);
    if (dbias) store(dbias + i, d + load(dbias + i, w), w);
    Vec g = weight ? d * (load(weight + i, w) + offset) : d;
    sum_g += g;
    sum_gx = fma(g, x, sum_gx);
  });
  float n = static_cast<float>(a.cols);
  Vec mean_g = all(a.layer ? reduce_add(sum_g) / n : 0.0f), mean_gx = all(reduce_add(sum_gx) / n);
  T* dx = as<T>(a.dx) + r * a.cols;
  T* ddelta = a.ddelta ? as<T>(a.ddelta) + r * a.cols : nullptr;
  auto body = [&](int64_t i, Vec factor, auto w) MALMOI_INLINED {
    Vec x = (load(s + i, w) - center) * scale, g = load(dy + i, w);
    if (weight) g *= load(weight + i, w) + offset;
    Vec v = scale * fnma(x, mean_gx, g - mean_g);
    if (dsum) v += load(dsum + i, w);
    if (ddelta) store(ddelta + i, v * (factor * delta_scale), w);
    store(dx + i, v, w);
  };
  if (ddelta) {
    each_masked(a.dropout, static_cast<uint64_t>(r * a.cols), a.cols, body);
  } else {
    each_masked(Dropout{}, 0, a.cols, body);
  }
}

template <typename T>
void norm_backward_rows(const NormBackwardArgs& a) {
  int64_t grain = row_grain(a.cols);
  int workers = static_cast<int>(max_of(1, min_of(num_threads(), (a.rows + grain - 1) / grain)));
  float* scratch = as<float>(a.scratch);
  parallel_team(workers, [&](int worker) {
    float* dweight = a.dweight ? scratch + 2 * worker * a.cols : nullptr;
    float* dbias = a.dbias ? scratch + (2 * worker + 1) * a.cols : nullptr;
    if (dweight) __builtin_memset(dweight, 0, sizeof(float) * static_cast<size_t>(a.cols));
    if (dbias) __builtin_memset(dbias, 0, sizeof(float) * static_cast<size_t>(a.cols));
    int64_t begin = a.rows * worker / workers, end = a.rows * (worker + 1) / workers;
    for (int64_t r = begin; r < end; ++r) backward_row<T>(a, r, dweight, dbias);
  });
  for (int worker = 0; worker < workers; ++worker) {
    for (int which = 0; which < 2; ++which) {
      float* to = as<float>(which == 0 ? a.dweight : a.dbias);
      const float* from = scratch + (2 * worker + which) * a.cols;
      if (!to) continue;
      each_vec(a.cols,
               [&](int64_t i, auto w) MALMOI_INLINED { store(to + i, load(to + i, w) + load(from + i, w), w); });
    }
  }
}

}  // namespace

void norm(Stream&, const NormArgs& a) {
  with_type(a.dtype, [&](auto type) { norm_rows<decltype(type)>(a); });
}

void norm_backward(Stream&, const NormBackwardArgs& a) {
  with_type(a.dtype, [&](auto type) { norm_backward_rows<decltype(type)>(a); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
