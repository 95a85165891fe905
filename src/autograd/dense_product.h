// Products with a matrix whose rows lie in memory as kernels read them.
#pragma once

#include "autograd/context.h"
#include "autograd/parameter.h"

namespace malmoi::autograd {

/// y[m, n] = x[m, k] W^T + bias; W [n, k] of the type of x.
void dense_product(Context& context, const Tensor& x, const Tensor& w, Tensor& y, const Parameter* bias);

/// dx[m, k] (+)= dy[m, n] W; W [n, k] of the type of dy.
void dense_product_transposed(Context& context, const Tensor& dy, const Tensor& w, Tensor& dx, bool accumulate);

/// FLOPs of a product of rows with n columns of as many elements.
double product_flops(const Tensor& rows, int64_t n);

}  // namespace malmoi::autograd
