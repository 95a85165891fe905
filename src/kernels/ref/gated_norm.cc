// Oracle of the norm after a gate.
#include "kernels/ref/ref.h"

namespace malmoi::kernels::ref {
namespace {

template <typename T>
void gated_norm_group(const GatedNormArgs& a, int64_t r, int64_t group) {
  using P = Param<T>;
  int64_t n = a.cols / a.groups, first = group * n;
  double squares = 0;
  auto gated = [&](int64_t c) {
    double z = get(as<T>(a.z)[r * a.z_stride + c]);
    return get(as<T>(a.x)[r * a.x_stride + c]) * activate(Activation::kSilu, z);
  };
  for (int64_t c = first; c < first + n; ++c) squares += gated(c) * gated(c) / static_cast<double>(n);
  double rstd = 1 / std::sqrt(squares + static_cast<double>(a.eps));
  if (a.rstd) put(as<P>(a.rstd)[r * a.groups + group], rstd);
  for (int64_t c = first; c < first + n; ++c) {
    put(as<T>(a.y)[r * a.y_stride + c], gated(c) * rstd * (a.weight ? get(as<P>(a.weight)[c]) : 1));
  }
}

template <typename T>
void gated_norm_backward_group(const GatedNormBackwardArgs& b, int64_t r, int64_t group) {
  using P = Param<T>;
  const GatedNormArgs& a = b.forward;
  int64_t n = a.cols / a.groups, first = group * n;
  double rstd = get(as<P>(a.rstd)[r * a.groups + group]), mean = 0;
  auto z = [&](int64_t c) { return get(as<T>(a.z)[r * a.z_stride + c]); };
  auto normal = [&](int64_t c) {
    return get(as<T>(a.x)[r * a.x_stride + c]) * activate(Activation::kSilu, z(c)) * rstd;
  };
  auto grad = [&](int64_t c) {
    return get(as<T>(b.dy)[r * a.y_stride + c]) * (a.weight ? get(as<P>(a.weight)[c]) : 1);
  };
  for (int64_t c = first; c < first + n; ++c) mean += grad(c) * normal(c) / static_cast<double>(n);
  for (int64_t c = first; c < first + n; ++c) {
    double x = get(as<T>(a.x)[r * a.x_stride + c]), d = rstd * (grad(c) - normal(c) * mean);
    if (b.dweight) {
      put(as<P>(b.dweight)[c], get(as<P>(b.dweight)[c]) + get(as<T>(b.dy)[r * a.y_stride + c]) * normal(c));
    }
    T& dz = as<T>(b.dz)[r * b.dz_stride + c];
    put(dz, (b.accumulate_dz ? get(dz) : 0) + d * x * activate_derivative(Activation::kSilu, z(c)));
    put(as<T>(b.dx)[r * b.dx_stride + c], d * activate(Activation::kSilu, z(c)));
  }
}

}  // namespace

void gated_norm(Stream&, const GatedNormArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    for (int64_t i = 0; i < a.rows * a.groups; ++i) gated_norm_group<decltype(zero)>(a, i / a.groups, i % a.groups);
  });
}

void gated_norm_backward(Stream&, const GatedNormBackwardArgs& b) {
  with_type(b.forward.dtype, [&](auto zero) {
    int64_t groups = b.forward.groups;
    for (int64_t i = 0; i < b.forward.rows * groups; ++i) {
      gated_norm_backward_group<decltype(zero)>(b, i / groups, i % groups);
    }
  });
}

}  // namespace malmoi::kernels::ref
