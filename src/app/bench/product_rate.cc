#include "app/bench/product_rate.h"

#include <algorithm>
#include <limits>

#include "base/log.h"
#include "kernels/kernels.h"
#include "tensor/tensor.h"

namespace malmoi::app {

double product_rate(ProductSize size, Precision precision, double seconds) {
  const DType type = activation_type(precision);
  const auto [m, n, k] = size;
  Tensor x = Tensor::zeros(type, {m, k}), w = Tensor::zeros(type, {n, k}), y = Tensor::zeros(type, {m, n});
  const kernels::GemmArgs args{.m = m,
                               .n = n,
                               .k = k,
                               .a = x.data(),
                               .a_type = type,
                               .lda = k,
                               .b = w.data(),
                               .b_type = type,
                               .ldb = k,
                               .transpose_b = true,
                               .c = y.data(),
                               .c_type = type,
                               .ldc = n,
                               .int8 = precision == Precision::kInt8};
  const kernels::Backend& backend = kernels::cpu_backend();
  Stream stream;
  backend.gemm(stream, args);  // pages are touched and code is made
  const double stop = monotonic_seconds() + seconds;
  double best = std::numeric_limits<double>::max();
  do {
    double begin = monotonic_seconds();
    backend.gemm(stream, args);
    best = std::min(best, monotonic_seconds() - begin);
  } while (monotonic_seconds() < stop);
  return 2.0 * static_cast<double>(m * n * k) / best;
}

}  // namespace malmoi::app
