// Rows in 8 bits back to numbers, for attention.
#pragma once

#include "kernels/contract/byte_rows.h"
#include "kernels/simd/block_bytes.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

/// kLanes elements of a row of `width` from `first` on, a multiple of kLanes.
MALMOI_INLINE Vec load_byte_row(const uint8_t* row, int64_t width, int64_t first) {
  const auto* scales = reinterpret_cast<const float*>(row + width);
  return widen_bytes(reinterpret_cast<const int8_t*>(row) + first) * all(scales[first / kByteGroup]);
}

/// Elements [first, first + count) of a row of `width` to `to`.
template <typename T>
MALMOI_INLINE void unpack_byte_row(const uint8_t* row, int64_t width, int64_t first, int64_t count, T* to) {
  const auto* bytes = reinterpret_cast<const int8_t*>(row);
  const auto* scales = reinterpret_cast<const float*>(row + width);
  // Vectors that lie within a group each; heads of other widths element by element.
  const bool in_vectors = (first | count) % kWideLanes == 0;
  int64_t c = 0;
  for (; in_vectors && c < count; c += kLanes) store(to + c, load_byte_row(row, width, first + c), Full{});
  for (; c < count; ++c) {
    const Vec one = all(static_cast<float>(bytes[first + c]) * scales[(first + c) / kByteGroup]);
    store(to + c, one, Part{1});
  }
}

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
