// Oracle of what runs over parameters: AdamW, norms, conversions, bias gradients, and products of few rows.
#include "kernels/ref/ref.h"

namespace malmoi::kernels::ref {

void bias_backward(Stream&, const BiasBackwardArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    using P = Param<T>;
    for (int64_t c = 0; c < a.cols; ++c) {
      double sum = get(as<P>(a.dbias)[c]);
      for (int64_t r = 0; r < a.rows; ++r) sum += get(as<T>(a.dy)[r * a.cols + c]);
      put(as<P>(a.dbias)[c], sum);
    }
  });
}

void row_product(Stream&, const RowProductArgs& a) {
  auto element = [](const void* p, DType type, int64_t i) -> double {
    switch (type) {
      case DType::kF64: return as<double>(p)[i];
      case DType::kBF16: return get(as<BF16>(p)[i]);
      case DType::kF16: return static_cast<double>(half_to_float(as<uint16_t>(p)[i]));
      default: return get(as<float>(p)[i]);
    }
  };
  for (int64_t m = 0; m < a.m; ++m) {
    for (int64_t n = 0; n < a.n; ++n) {
      double sum = 0;
      for (int64_t k = 0; k < a.k; ++k) {
        sum += element(a.x, a.dtype, m * a.k + k) * element(a.w, a.w_dtype, n * a.k + k);
      }
      if (a.bias) sum += get(as<float>(a.bias)[n]);
      with_type(a.y_dtype, [&](auto zero) { put(as<decltype(zero)>(a.y)[m * a.n + n], sum); });
    }
  }
}

void adamw(Stream&, const AdamWArgs& a) {
  double beta1 = static_cast<double>(a.beta1), beta2 = static_cast<double>(a.beta2), lr = static_cast<double>(a.lr);
  for (int64_t i = 0; i < a.n; ++i) {
    double g = get(a.g[i]) * static_cast<double>(a.grad_scale), p = get(a.p[i]);
    double m = beta1 * get(a.m[i]) + (1 - beta1) * g, v = beta2 * get(a.v[i]) + (1 - beta2) * g * g;
    double update =
        m / static_cast<double>(a.bias1) / (std::sqrt(v / static_cast<double>(a.bias2)) + static_cast<double>(a.eps));
    put(a.m[i], m);
    put(a.v[i], v);
    put(a.p[i], p - lr * (update + static_cast<double>(a.weight_decay) * p));
    if (a.copy) a.copy[i] = malmoi::to_bf16(a.p[i]);
  }
}

void sum_of_squares(Stream&, const SumOfSquaresArgs& a) {
  double sum = 0;
  for (int64_t i = 0; i < a.n; ++i) sum += get(a.x[i]) * get(a.x[i]);
  *a.sum += sum;
}

void to_bf16(Stream&, const ToBf16Args& a) {
  for (int64_t i = 0; i < a.n; ++i) a.y[i] = malmoi::to_bf16(a.x[i]);
}

}  // namespace malmoi::kernels::ref
