// The norm beside a gate: the gated value is made anew in each pass over a group, which is in the first cache.
#include "kernels/simd/common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

/// Where a group's weight begins.
MALMOI_INLINE int64_t weight_begin(const GatedNormArgs& a, int64_t first) { return a.shared_weight ? 0 : first; }

template <typename T, bool kNormFirst>
void forward_row(const GatedNormArgs& a, int64_t r) {
  const T *x = as<T>(a.x) + r * a.x_stride, *z = as<T>(a.z) + r * a.z_stride;
  T* y = as<T>(a.y) + r * a.y_stride;
  int64_t n = a.cols / a.groups;
  auto gated = [&](int64_t i, auto w) MALMOI_INLINED {
    Vec gate = load(z + i, w);
    return load(x + i, w) * gate * sigmoid(gate);
  };
  auto value = [&](int64_t i, auto w) MALMOI_INLINED {
    if constexpr (kNormFirst) return load(x + i, w);
    else return gated(i, w);
  };
  for (int64_t group = 0, first = 0; group < a.groups; ++group, first += n) {
    const float* weight = a.weight ? as<float>(a.weight) + weight_begin(a, first) : nullptr;
    Vec squares = zero();
    each_vec(n, [&](int64_t i, auto w) MALMOI_INLINED {
      Vec v = only(value(first + i, w), w, 0.0f);
      squares = fma(v, v, squares);
    });
    float rstd = 1.0f / __builtin_sqrtf(reduce_add(squares) / static_cast<float>(n) + a.eps);
    if (a.rstd) as<float>(a.rstd)[r * a.groups + group] = rstd;
    Vec scale = all(rstd);
    each_vec(n, [&](int64_t i, auto w) MALMOI_INLINED {
      Vec v = gated(first + i, w) * scale;  // the gate is a factor wherever the norm stands
      store(y + first + i, weight ? v * load(weight + i, w) : v, w);
    });
  }
}

/// The gradients of one row; adds to the worker's dweight.
template <typename T, bool kNormFirst>
void backward_row(const GatedNormBackwardArgs& b, int64_t r, float* all_dweight) {
  const GatedNormArgs& a = b.forward;
  const T *x = as<T>(a.x) + r * a.x_stride, *z = as<T>(a.z) + r * a.z_stride, *dy = as<T>(b.dy) + r * a.y_stride;
  T *dx = as<T>(b.dx) + r * b.dx_stride, *dz = as<T>(b.dz) + r * b.dz_stride;
  int64_t n = a.cols / a.groups;
  for (int64_t group = 0, first = 0; group < a.groups; ++group, first += n) {
    const float* weight = a.weight ? as<float>(a.weight) + weight_begin(a, first) : nullptr;
    float* dweight = all_dweight ? all_dweight + weight_begin(a, first) : nullptr;
    Vec scale = all(as<float>(a.rstd)[r * a.groups + group]), sum = zero();
    each_vec(n, [&](int64_t k, auto w) MALMOI_INLINED {
      int64_t i = first + k;
      Vec gate = load(z + i, w), d = load(dy + i, w), product = load(x + i, w) * gate * sigmoid(gate) * scale;
      if (dweight) store(dweight + k, fma(d, product, load(dweight + k, w)), w);
      if (weight) d *= load(weight + k, w);
      sum += only(d * product, w, 0.0f);  // the gradient of the normed value times that value, in either order
    });
    Vec mean = all(reduce_add(sum) / static_cast<float>(n));
    each_vec(n, [&](int64_t k, auto w) MALMOI_INLINED {
      int64_t i = first + k;
      Vec gate = load(z + i, w), s = sigmoid(gate), value = load(x + i, w), d = load(dy + i, w);
      if (weight) d *= load(weight + k, w);
      Vec slope = s * fma(gate, all(1.0f) - s, all(1.0f));
      Vec before = b.accumulate_dz ? load(dz + i, w) : zero();
      if constexpr (kNormFirst) {
        Vec normal = value * scale;
        store(dz + i, fma(d * normal, slope, before), w);
        store(dx + i, scale * fnma(normal, mean, d * gate * s), w);
      } else {
        Vec dgated = scale * fnma(value * gate * s * scale, mean, d);
        store(dz + i, fma(dgated * value, slope, before), w);
        store(dx + i, dgated * gate * s, w);
      }
    });
  }
}

template <typename T, bool kNormFirst>
void backward_rows(const GatedNormBackwardArgs& b) {
  const GatedNormArgs& a = b.forward;
  int64_t grain = row_grain(a.cols), weights = a.shared_weight ? a.cols / a.groups : a.cols;
  int workers = static_cast<int>(max_of(1, min_of(num_threads(), (a.rows + grain - 1) / grain)));
  parallel_team(workers, [&](int worker) {
    float* dweight = b.dweight ? as<float>(b.scratch) + worker * weights : nullptr;
    if (dweight) __builtin_memset(dweight, 0, sizeof(float) * static_cast<size_t>(weights));
    int64_t begin = a.rows * worker / workers, end = a.rows * (worker + 1) / workers;
    for (int64_t r = begin; r < end; ++r) backward_row<T, kNormFirst>(b, r, dweight);
  });
  float* to = as<float>(b.dweight);
  for (int worker = 0; to && worker < workers; ++worker) {
    const float* from = as<float>(b.scratch) + worker * weights;
    each_vec(weights, [&](int64_t i, auto w) MALMOI_INLINED { store(to + i, load(to + i, w) + load(from + i, w), w); });
  }
}

}  // namespace

void gated_norm(Stream&, const GatedNormArgs& a) {
  with_type(a.dtype, [&](auto type) {
    using T = decltype(type);
    auto row = a.norm_first ? forward_row<T, true> : forward_row<T, false>;
    parallel_for(a.rows, row_grain(a.cols), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) row(a, r);
    });
  });
}

void gated_norm_backward(Stream&, const GatedNormBackwardArgs& b) {
  with_type(b.forward.dtype, [&](auto type) {
    using T = decltype(type);
    if (b.forward.norm_first) backward_rows<T, true>(b);
    else backward_rows<T, false>(b);
  });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
