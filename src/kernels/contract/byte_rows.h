// Rows of keys and values in 8 bits. The rules that hold for all kernels stand in backend.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace malmoi::kernels {

/// Elements of a row that share a scale.
constexpr int64_t kByteGroup = 32;

/// Bytes of a row of `width` elements, a multiple of kByteGroup: the elements as int8, then a scale in f32 for each group of
/// them. An element is about scale * byte.
constexpr size_t byte_row_bytes(int64_t width) {
  return static_cast<size_t>(width) + static_cast<size_t>(width / kByteGroup) * sizeof(float);
}

/// out[r] = row r of x rounded to 8 bits: round(x 127 / M) with the scale M / 127, M = max |x| of a group.
struct ToByteRowsArgs {
  DType dtype = DType::kF32;
  int64_t rows = 0, width = 0;
  const void* x = nullptr;
  int64_t x_stride = 0;  // elements between rows
  void* out = nullptr;   // byte_row_bytes(width) each, one after another
};

}  // namespace malmoi::kernels
