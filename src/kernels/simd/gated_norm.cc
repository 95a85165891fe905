// The norm after a gate: the gated value is made anew in each pass over a group, which is in the first cache.
#include "kernels/simd/common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

template <typename T>
void forward_row(const GatedNormArgs& a, int64_t r) {
  const T *x = as<T>(a.x) + r * a.x_stride, *z = as<T>(a.z) + r * a.z_stride;
  T* y = as<T>(a.y) + r * a.y_stride;
  const float* weight = as<float>(a.weight);
  int64_t n = a.cols / a.groups;
  auto gated = [&](int64_t i, auto w) MALMOI_INLINED {
    Vec gate = load(z + i, w);
    return load(x + i, w) * gate * sigmoid(gate);
  };
  for (int64_t group = 0, first = 0; group < a.groups; ++group, first += n) {
    Vec squares = zero();
    each_vec(n, [&](int64_t i, auto w) MALMOI_INLINED {
      Vec v = only(gated(first + i, w), w, 0.0f);
      squares = fma(v, v, squares);
    });
    float rstd = 1.0f / __builtin_sqrtf(reduce_add(squares) / static_cast<float>(n) + a.eps);
    if (a.rstd) as<float>(a.rstd)[r * a.groups + group] = rstd;
    Vec scale = all(rstd);
    each_vec(n, [&](int64_t i, auto w) MALMOI_INLINED {
      Vec v = gated(first + i, w) * scale;
      store(y + first + i, weight ? v * load(weight + first + i, w) : v, w);
    });
  }
}

/// The gradients of one row; adds to the worker's dweight.
template <typename T>
void backward_row(const GatedNormBackwardArgs& b, int64_t r, float* dweight) {
  const GatedNormArgs& a = b.forward;
  const T *x = as<T>(a.x) + r * a.x_stride, *z = as<T>(a.z) + r * a.z_stride, *dy = as<T>(b.dy) + r * a.y_stride;
  T *dx = as<T>(b.dx) + r * b.dx_stride, *dz = as<T>(b.dz) + r * b.dz_stride;
  const float* weight = as<float>(a.weight);
  int64_t n = a.cols / a.groups;
  for (int64_t group = 0, first = 0; group < a.groups; ++group, first += n) {
    Vec scale = all(as<float>(a.rstd)[r * a.groups + group]), sum = zero();
    each_vec(n, [&](int64_t k, auto w) MALMOI_INLINED {
      int64_t i = first + k;
      Vec gate = load(z + i, w), d = load(dy + i, w), normal = load(x + i, w) * gate * sigmoid(gate) * scale;
      if (dweight) store(dweight + i, fma(d, normal, load(dweight + i, w)), w);
      if (weight) d *= load(weight + i, w);
      sum += only(d * normal, w, 0.0f);
    });
    Vec mean = all(reduce_add(sum) / static_cast<float>(n));
    each_vec(n, [&](int64_t k, auto w) MALMOI_INLINED {
      int64_t i = first + k;
      Vec gate = load(z + i, w), s = sigmoid(gate), value = load(x + i, w), d = load(dy + i, w);
      if (weight) d *= load(weight + i, w);
      Vec dgated = scale * fnma(value * gate * s * scale, mean, d);
      Vec before = b.accumulate_dz ? load(dz + i, w) : zero();
      store(dz + i, fma(dgated * value * s, fma(gate, all(1.0f) - s, all(1.0f)), before), w);
      store(dx + i, dgated * gate * s, w);
    });
  }
}

template <typename T>
void backward_rows(const GatedNormBackwardArgs& b) {
  const GatedNormArgs& a = b.forward;
  int64_t grain = row_grain(a.cols);
  int workers = static_cast<int>(max_of(1, min_of(num_threads(), (a.rows + grain - 1) / grain)));
  parallel_team(workers, [&](int worker) {
    float* dweight = b.dweight ? as<float>(b.scratch) + worker * a.cols : nullptr;
    if (dweight) __builtin_memset(dweight, 0, sizeof(float) * static_cast<size_t>(a.cols));
    int64_t begin = a.rows * worker / workers, end = a.rows * (worker + 1) / workers;
    for (int64_t r = begin; r < end; ++r) backward_row<T>(b, r, dweight);
  });
  float* to = as<float>(b.dweight);
  for (int worker = 0; to && worker < workers; ++worker) {
    const float* from = as<float>(b.scratch) + worker * a.cols;
    each_vec(a.cols, [&](int64_t i, auto w) MALMOI_INLINED { store(to + i, load(to + i, w) + load(from + i, w), w); });
  }
}

}  // namespace

void gated_norm(Stream&, const GatedNormArgs& a) {
  with_type(a.dtype, [&](auto type) {
    parallel_for(a.rows, row_grain(a.cols), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) forward_row<decltype(type)>(a, r);
    });
  });
}

void gated_norm_backward(Stream&, const GatedNormBackwardArgs& b) {
  with_type(b.forward.dtype, [&](auto type) { backward_rows<decltype(type)>(b); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
