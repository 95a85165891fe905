// Matrix products: of many rows for training and prefill, of few rows for serving. The rules that hold for all kernels stand in backend.h.
#pragma once

#include <cstdint>

#include "tensor/dtype.h"

namespace malmoi::kernels {

/// C[m, n] = op(A)[m, k] op(B)[k, n] (+ C) (+ bias[n]), row-major with leading dimensions in elements.
/// Types: A and B both f32, both bf16, or (oracle only) both f64; C f32, bf16 or f64. Sums are kept in f32 (f64 for f64).
struct GemmArgs {
  int64_t m = 0, n = 0, k = 0;
  const void* a = nullptr;
  DType a_type = DType::kF32;
  int64_t lda = 0;
  bool transpose_a = false;  // A is stored [k, m]
  const void* b = nullptr;
  DType b_type = DType::kF32;
  int64_t ldb = 0;
  bool transpose_b = false;  // B is stored [n, k], as a linear layer's weight
  void* c = nullptr;
  DType c_type = DType::kF32;
  int64_t ldc = 0;
  bool accumulate = false;      // C += instead of C =
  const float* bias = nullptr;  // [n], f32; of type f64 where A is f64
  /// Rows of A and columns of B may be rounded to 8 bits, with a scale each (A bf16, not transposed).
  bool int8 = false;
};

/// Products for serving: y[m, n] = sum_k x[m, k] w[n, k] + bias[n]. A row's bits do not depend on the number of rows:
/// each (m, n) is summed over k in one fixed order. x and y f32 or bf16 (dtype), weights w_dtype (f32, bf16, f16).
struct RowProductArgs {
  DType dtype = DType::kF32, w_dtype = DType::kF32;
  int64_t m = 0, n = 0, k = 0;
  const void* x = nullptr;     // [m, k]
  const void* w = nullptr;     // [n, k]
  const void* bias = nullptr;  // [n] f32 or null
  void* y = nullptr;           // [m, n], of type y_dtype
  DType y_dtype = DType::kF32;
};

}  // namespace malmoi::kernels
