// Products with, and look-ups in, matrices packed in blocks. The rules that hold for all kernels stand in backend.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/block_type.h"
#include "tensor/dtype.h"

namespace malmoi::kernels {

/// Rows [rows, columns] of a packed type: in panels (kernels/panels.h) where the type has them, else as they are stored.
struct BlockMatrix {
  BlockType type = BlockType::Q8_0;
  int64_t rows = 0, columns = 0;
  const std::byte* data = nullptr;
};

/// y[m, n] = x[m, k] W^T + bias, where W's n rows are those of its parts, one after another. A row's bits do not depend on
/// the number of rows: each (m, n) is summed over k in one fixed order.
/// Rows of f32 are multiplied as they are. Rows of bf16 are first rounded to 8 bits in groups of 32, to round(x 127 / M) (M / 127)
/// with M = max |x|, so that most of a product is one of small integers (Jacob et al. 2018).
struct BlockProductArgs {
  DType dtype = DType::kF32;
  int64_t m = 0, n = 0, k = 0;
  const void* x = nullptr;  // [m, k]
  const BlockMatrix* parts = nullptr;
  int num_parts = 0;
  const float* bias = nullptr;  // [n] or null
  void* y = nullptr;            // [m, n], of type y_dtype
  DType y_dtype = DType::kF32;
  void* scratch = nullptr;  // block_product_scratch() bytes
};
size_t block_product_scratch(int64_t m, int64_t k);

/// y[r] = row ids[r] of the parts' rows, counted through.
struct BlockRowsArgs {
  DType dtype = DType::kF32;  // of y; the oracle's is f64
  int64_t rows = 0, columns = 0;
  const int32_t* ids = nullptr;
  const BlockMatrix* parts = nullptr;
  int num_parts = 0;
  void* y = nullptr;  // [rows, columns]
};

}  // namespace malmoi::kernels
