// Oracle of RMS and layer norm with the residual sum and its dropout.
#include "kernels/ref/ref.h"

namespace malmoi::kernels::ref {
namespace {

template <typename T>
void sum_row(const NormArgs& a, int64_t r) {
  for (int64_t i = r * a.cols; i < (r + 1) * a.cols; ++i) {
    double factor = dropout_factor(a.dropout, static_cast<uint64_t>(i));
    put(as<T>(a.sum)[i], get(as<T>(a.x)[i]) + factor * static_cast<double>(a.delta_scale) * get(as<T>(a.delta)[i]));
  }
}

template <typename T>
void norm_row(const NormArgs& a, int64_t r) {
  using P = Param<T>;
  const T* s = (a.delta ? as<T>(static_cast<const void*>(a.sum)) : as<T>(a.x)) + r * a.cols;
  double n = static_cast<double>(a.cols), mean = 0, variance = 0;
  if (a.layer) {
    for (int64_t c = 0; c < a.cols; ++c) mean += get(s[c]) / n;
  }
  for (int64_t c = 0; c < a.cols; ++c) variance += (get(s[c]) - mean) * (get(s[c]) - mean) / n;
  double rstd = 1 / std::sqrt(variance + static_cast<double>(a.eps));
  if (a.layer && a.mean) put(as<P>(a.mean)[r], mean);
  if (a.rstd) put(as<P>(a.rstd)[r], rstd);
  if (!a.y) return;
  T* y = as<T>(a.y) + r * a.cols;
  for (int64_t c = 0; c < a.cols; ++c) {
    double weight = a.weight ? get(as<P>(a.weight)[c]) + static_cast<double>(a.weight_offset) : 1;
    double bias = a.bias ? get(as<P>(a.bias)[c]) : 0;
    put(y[c], (get(s[c]) - mean) * rstd * weight + bias);
  }
}

template <typename T>
void norm_backward_row(const NormBackwardArgs& a, int64_t r) {
  using P = Param<T>;
  const T *s = as<T>(a.sum) + r * a.cols, *dy = as<T>(a.dy) + r * a.cols;
  double n = static_cast<double>(a.cols);
  double mean = a.layer ? get(as<P>(a.mean)[r]) : 0, rstd = get(as<P>(a.rstd)[r]);
  auto weight = [&](int64_t c) {
    return a.weight ? get(as<P>(a.weight)[c]) + static_cast<double>(a.weight_offset) : 1;
  };
  double mean_g = 0, mean_gx = 0;
  for (int64_t c = 0; c < a.cols; ++c) {
    double normal = (get(s[c]) - mean) * rstd, g = get(dy[c]) * weight(c);
    if (a.layer) mean_g += g / n;
    mean_gx += g * normal / n;
    if (a.dweight) put(as<P>(a.dweight)[c], get(as<P>(a.dweight)[c]) + get(dy[c]) * normal);
    if (a.dbias) put(as<P>(a.dbias)[c], get(as<P>(a.dbias)[c]) + get(dy[c]));
  }
  for (int64_t c = 0; c < a.cols; ++c) {
    int64_t i = r * a.cols + c;
    double normal = (get(s[c]) - mean) * rstd, g = get(dy[c]) * weight(c);
    double dx = rstd * (g - mean_g - normal * mean_gx);
    if (a.dsum) dx += get(as<T>(a.dsum)[i]);
    double factor = dropout_factor(a.dropout, static_cast<uint64_t>(i)) * static_cast<double>(a.delta_scale);
    if (a.ddelta) put(as<T>(a.ddelta)[i], dx * factor);
    put(as<T>(a.dx)[i], dx);
  }
}

}  // namespace

void norm(Stream&, const NormArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t r = 0; r < a.rows; ++r) {
      if (a.delta) sum_row<T>(a, r);
      norm_row<T>(a, r);
    }
  });
}

void norm_backward(Stream&, const NormBackwardArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t r = 0; r < a.rows; ++r) norm_backward_row<T>(a, r);
  });
}

}  // namespace malmoi::kernels::ref
