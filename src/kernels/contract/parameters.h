// What runs over parameters: updates, sums, conversions, gradients of biases. The rules that hold for all kernels stand in backend.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace malmoi::kernels {

/// One pass over a parameter: g *= grad_scale; AdamW (Loshchilov & Hutter 2019): m, v updated; with bias correction
/// p -= lr * (mhat / (sqrt(vhat) + eps) + weight_decay * p); bf16 copy written where asked.
struct AdamWArgs {
  int64_t n = 0;
  float* p = nullptr;
  const float* g = nullptr;
  float* m = nullptr;
  float* v = nullptr;
  BF16* copy = nullptr;  // null: none
  float grad_scale = 1, lr = 0, beta1 = 0.9f, beta2 = 0.95f, eps = 1e-8f, weight_decay = 0;
  float bias1 = 1, bias2 = 1;  // 1 - beta^t
};

/// dbias[c] += sum over rows of dy[r, c], in f32; rows are summed in a fixed order.
struct BiasBackwardArgs {
  DType dtype = DType::kF32;
  int64_t rows = 0, cols = 0;
  const void* dy = nullptr;
  void* dbias = nullptr;
  void* scratch = nullptr;  // bias_backward_scratch() bytes
};
size_t bias_backward_scratch(int64_t rows, int64_t cols);

/// *sum += the squares of x, in f64; partial sums in a fixed order, whatever the number of threads.
struct SumOfSquaresArgs {
  int64_t n = 0;
  const float* x = nullptr;
  double* sum = nullptr;
};

/// y = x rounded to bf16.
struct ToBf16Args {
  int64_t n = 0;
  const float* x = nullptr;
  BF16* y = nullptr;
};

}  // namespace malmoi::kernels
