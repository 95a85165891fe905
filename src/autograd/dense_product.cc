#include "autograd/dense_product.h"

namespace malmoi::autograd {

double product_flops(const Tensor& rows, int64_t n) {
  return 2.0 * static_cast<double>(rows.elements()) * static_cast<double>(n);
}

void dense_product(Context& context, const Tensor& x, const Tensor& w, Tensor& y, const Parameter* bias) {
  const int64_t m = x.shape().rows(), n = w.shape().rows(), k = w.shape().columns();
  context.run("product forward", product_flops(x, n), &kernels::Backend::gemm,
              {.m = m,
               .n = n,
               .k = k,
               .a = x.data(),
               .a_type = x.dtype(),
               .lda = k,
               .b = w.data(),
               .b_type = w.dtype(),
               .ldb = k,
               .transpose_b = true,
               .c = y.data(),
               .c_type = y.dtype(),
               .ldc = n,
               .bias = bias ? static_cast<const float*>(bias->compute.data()) : nullptr,
               .int8 = context.int8_products});
}

void dense_product_transposed(Context& context, const Tensor& dy, const Tensor& w, Tensor& dx, bool accumulate) {
  const int64_t m = dy.shape().rows(), n = w.shape().rows(), k = w.shape().columns();
  context.run("product dX", product_flops(dy, k), &kernels::Backend::gemm,
              {.m = m,
               .n = k,
               .k = n,
               .a = dy.data(),
               .a_type = dy.dtype(),
               .lda = n,
               .b = w.data(),
               .b_type = w.dtype(),
               .ldb = k,
               .c = dx.data(),
               .c_type = dx.dtype(),
               .ldc = k,
               .accumulate = accumulate,
               .int8 = context.int8_products});
}

}  // namespace malmoi::autograd
