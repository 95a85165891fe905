// Columns of rows, copied. The rules that hold for all kernels stand in backend.h.
#pragma once

#include <cstdint>

#include "tensor/dtype.h"

namespace malmoi::kernels {

/// y[r, c] = x[r, c], or y[r, c] += x[r, c]: columns of wider rows to rows of their own, and the gradient back.
struct CopyColumnsArgs {
  DType dtype = DType::kF32;
  int64_t rows = 0, cols = 0;
  int64_t x_stride = 0, y_stride = 0;  // elements between rows
  const void* x = nullptr;
  void* y = nullptr;        // not x
  bool accumulate = false;  // y += instead of y =
};

}  // namespace malmoi::kernels
