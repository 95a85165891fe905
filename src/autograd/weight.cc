#include "autograd/weight.h"

#include <cstring>

#include "kernels/gemm.h"

namespace malmoi::autograd {

void* Parameter::accumulated_grad() {
  if (!wants_gradient()) return nullptr;
  if (!grad_ready) std::memset(grad.data(), 0, grad.bytes());
  grad_ready = true;
  return grad.data();
}

namespace {

double product_flops(const Tensor& x, int64_t n) {
  return 2.0 * static_cast<double>(x.elements()) * static_cast<double>(n);
}

}  // namespace

void DenseWeight::product(Context& context, const Tensor& x, Tensor& y, const Parameter* bias) const {
  const void* bias_values = bias ? bias->compute.data() : nullptr;
  const Tensor& w = parameter_->compute;
  int64_t m = x.shape().rows(), n = out_features(), k = in_features();
  if (context.row_invariant) {
    context.run("product (serving)", product_flops(x, n), [&] {
      context.kernels->row_product({.dtype = x.dtype(),
                                    .w_dtype = w.dtype(),
                                    .m = m,
                                    .n = n,
                                    .k = k,
                                    .x = x.data(),
                                    .w = w.data(),
                                    .bias = bias_values,
                                    .y = y.data(),
                                    .y_dtype = y.dtype()});
    });
    return;
  }
  context.run("product forward", product_flops(x, n), [&] {
    kernels::gemm({.m = m,
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
                   .bias = static_cast<const float*>(bias_values),
                   .int8 = context.int8_products});
  });
}

void DenseWeight::product_transposed(Context& context, const Tensor& dy, Tensor& dx, bool accumulate) const {
  const Tensor& w = parameter_->compute;
  int64_t m = dy.shape().rows(), n = out_features(), k = in_features();
  context.run("product dX", product_flops(dy, k), [&] {
    kernels::gemm({.m = m,
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
  });
}

void DenseWeight::accumulate_gradient(Context& context, const Tensor& dy, const Tensor& x) const {
  if (!wants_gradient()) return;
  int64_t m = dy.shape().rows(), n = out_features(), k = in_features();
  bool accumulate = parameter_->grad_ready;
  context.run("product dW", product_flops(dy, k), [&] {
    kernels::gemm({.m = n,
                   .n = k,
                   .k = m,
                   .a = dy.data(),
                   .a_type = dy.dtype(),
                   .lda = n,
                   .transpose_a = true,
                   .b = x.data(),
                   .b_type = x.dtype(),
                   .ldb = k,
                   .c = parameter_->grad.data(),
                   .c_type = parameter_->grad.dtype(),
                   .ldc = k,
                   .accumulate = accumulate});
    parameter_->grad_ready = true;
  });
}

}  // namespace malmoi::autograd
