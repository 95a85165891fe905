// Norms over the heads of each row: a head is in registers or the first cache for all its passes.
#include "kernels/head_norm_layout.h"
#include "kernels/simd/common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

/// Columns that no head covers.
template <typename T>
MALMOI_INLINE void copy_columns(const T* from, T* to, int64_t n) {
  if (from != to && n > 0) __builtin_memcpy(to, from, sizeof(T) * static_cast<size_t>(n));
}
template <typename T>
MALMOI_INLINE void copy_rest(const HeadNormArgs& a, const T* from, T* to) {
  int64_t first = columns_of_runs(a);
  copy_columns(from + first, to + first, a.cols - first);
}

struct Statistics {
  float mean, rstd;
};

template <typename T>
Statistics statistics(const HeadNormArgs& a, const T* x, int64_t n) {
  float count = static_cast<float>(n);
  Vec sum = zero(), squares = zero();
  if (a.layer) each_vec(n, [&](int64_t i, auto w) MALMOI_INLINED { sum += load(x + i, w); });
  float mean = a.layer ? reduce_add(sum) / count : 0.0f;
  Vec center = all(mean);
  each_vec(n, [&](int64_t i, auto w) MALMOI_INLINED {
    Vec d = only(load(x + i, w) - center, w, 0.0f);
    squares = fma(d, d, squares);
  });
  return {mean, 1.0f / __builtin_sqrtf(reduce_add(squares) / count + a.eps)};
}

template <typename T>
void forward_row(const HeadNormArgs& a, int64_t r, int64_t heads) {
  const T* x = as<T>(a.x) + r * a.x_stride;
  T* y = as<T>(a.y) + r * a.y_stride;
  copy_rest(a, x, y);
  int64_t head = r * heads;
  Vec offset = all(a.weight_offset);
  for (int k = 0; k < a.num_runs; ++k) {
    const HeadRun& run = a.runs[k];
    const float *weight = as<float>(run.weight), *bias = as<float>(run.bias);
    copy_columns(x, y, run.skip);
    x += run.skip;
    y += run.skip;
    for (int64_t h = 0; h < run.heads; ++h, ++head, x += run.head_dim, y += run.head_dim) {
      Statistics s = statistics(a, x, run.head_dim);
      if (a.mean && a.layer) as<float>(a.mean)[head] = s.mean;
      if (a.rstd) as<float>(a.rstd)[head] = s.rstd;
      Vec mean = all(s.mean), rstd = all(s.rstd);
      int64_t at = h * run.stride;
      each_vec(run.head_dim, [&](int64_t i, auto w) MALMOI_INLINED {
        Vec v = (load(x + i, w) - mean) * rstd;
        if (weight) v *= load(weight + at + i, w) + offset;
        if (bias) v += load(bias + at + i, w);
        store(y + i, v, w);
      });
    }
  }
}

/// One head: where its values lie.
template <typename T>
struct Head {
  const T *x, *dy;
  T* dx;
  const float* weight;
  float *dweight, *dbias;  // the worker's sums
  int64_t n;
  Statistics statistics;
};

template <typename T>
void backward_head(const HeadNormArgs& a, const Head<T>& h) {
  Vec center = all(h.statistics.mean), scale = all(h.statistics.rstd), offset = all(a.weight_offset);
  Vec sum_g = zero(), sum_gx = zero();
  each_vec(h.n, [&](int64_t i, auto w) MALMOI_INLINED {
    Vec d = load(h.dy + i, w), x = only((load(h.x + i, w) - center) * scale, w, 0.0f);
    if (h.dweight) store(h.dweight + i, fma(d, x, load(h.dweight + i, w)), w);
    if (h.dbias) store(h.dbias + i, d + load(h.dbias + i, w), w);
    Vec g = h.weight ? d * (load(h.weight + i, w) + offset) : d;
    sum_g += g;
    sum_gx = fma(g, x, sum_gx);
  });
  float n = static_cast<float>(h.n);
  Vec mean_g = all(a.layer ? reduce_add(sum_g) / n : 0.0f), mean_gx = all(reduce_add(sum_gx) / n);
  each_vec(h.n, [&](int64_t i, auto w) MALMOI_INLINED {
    Vec x = (load(h.x + i, w) - center) * scale, g = load(h.dy + i, w);
    if (h.weight) g *= load(h.weight + i, w) + offset;
    store(h.dx + i, scale * fnma(x, mean_gx, g - mean_g), w);
  });
}

/// A worker's sums: for each run its weight's, then its bias'.
template <typename T>
void backward_row(const HeadNormBackwardArgs& b, int64_t r, int64_t heads, float* sums) {
  const HeadNormArgs& a = b.forward;
  Head<T> head{};
  head.x = as<T>(a.x) + r * a.x_stride;
  head.dy = as<T>(b.dy) + r * b.dy_stride;
  head.dx = as<T>(b.dx) + r * b.dx_stride;
  copy_rest(a, head.dy, head.dx);
  int64_t number = r * heads;
  for (int k = 0; k < a.num_runs; ++k) {
    const HeadRun& run = a.runs[k];
    int64_t weights = weights_of(run);
    head.n = run.head_dim;
    copy_columns(head.dy, head.dx, run.skip);
    head.x += run.skip;
    head.dy += run.skip;
    head.dx += run.skip;
    for (int64_t h = 0; h < run.heads; ++h, ++number) {
      int64_t at = h * run.stride;
      head.statistics = {a.layer ? as<float>(a.mean)[number] : 0.0f, as<float>(a.rstd)[number]};
      head.weight = run.weight ? as<float>(run.weight) + at : nullptr;
      head.dweight = b.dweight[k] ? sums + at : nullptr;
      head.dbias = b.dbias[k] ? sums + weights + at : nullptr;
      backward_head(a, head);
      head.x += run.head_dim;
      head.dy += run.head_dim;
      head.dx += run.head_dim;
    }
    sums += 2 * weights;
  }
}

MALMOI_INLINE void add_to(void* to, const float* from, int64_t n) {
  if (!to) return;
  float* sums = as<float>(to);
  each_vec(n, [&](int64_t i, auto w) MALMOI_INLINED { store(sums + i, load(sums + i, w) + load(from + i, w), w); });
}

template <typename T>
void backward_rows(const HeadNormBackwardArgs& b) {
  const HeadNormArgs& a = b.forward;
  int64_t heads = all_heads(a), grain = row_grain(a.cols), each = 0;
  for (int k = 0; k < a.num_runs; ++k) each += 2 * weights_of(a.runs[k]);
  int workers = static_cast<int>(max_of(1, min_of(num_threads(), (a.rows + grain - 1) / grain)));
  float* scratch = as<float>(b.scratch);
  parallel_team(workers, [&](int worker) {
    float* sums = scratch + worker * each;
    __builtin_memset(sums, 0, sizeof(float) * static_cast<size_t>(each));
    int64_t begin = a.rows * worker / workers, end = a.rows * (worker + 1) / workers;
    for (int64_t r = begin; r < end; ++r) backward_row<T>(b, r, heads, sums);
  });
  for (int worker = 0; worker < workers; ++worker) {
    const float* sums = scratch + worker * each;
    for (int k = 0; k < a.num_runs; ++k) {
      int64_t weights = weights_of(a.runs[k]);
      add_to(b.dweight[k], sums, weights);
      add_to(b.dbias[k], sums + weights, weights);
      sums += 2 * weights;
    }
  }
}

}  // namespace

void head_norm(Stream&, const HeadNormArgs& a) {
  with_type(a.dtype, [&](auto type) {
    int64_t heads = all_heads(a);
    parallel_for(a.rows, row_grain(a.cols), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) forward_row<decltype(type)>(a, r, heads);
    });
  });
}

void head_norm_backward(Stream&, const HeadNormBackwardArgs& b) {
  with_type(b.forward.dtype, [&](auto type) { backward_rows<decltype(type)>(b); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
