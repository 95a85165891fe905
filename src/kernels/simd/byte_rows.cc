// Rows of keys and values to 8 bits.
#include "kernels/simd/block_rows.h"
#include "kernels/simd/common.h"

#include "kernels/contract/byte_rows.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

static_assert(kByteGroup == kRoundGroup);

template <typename T>
void round_to_bytes(const T* x, int64_t width, uint8_t* out) {
  auto* scales = reinterpret_cast<float*>(out + width);
  for (int64_t g = 0; g < width / kByteGroup; ++g) {
    const T* from = x + g * kByteGroup;
    const Rounding by = rounding_of(from);
    for (int64_t i = 0; i < kByteGroup; i += kLanes) {
      typedef int8_t Bytes __attribute__((vector_size(kLanes)));
      const Vec whole = round(load(from + i, Full{}) * all(by.inverse));
      const Bytes bytes = __builtin_convertvector(__builtin_convertvector(whole, IVec), Bytes);
      __builtin_memcpy(out + g * kByteGroup + i, &bytes, sizeof bytes);
    }
    scales[g] = by.scale;
  }
}

}  // namespace

void to_byte_rows(Stream&, const ToByteRowsArgs& a) {
  const auto row_bytes = static_cast<int64_t>(byte_row_bytes(a.width));
  with_type(a.dtype, [&](auto type) {
    using T = decltype(type);
    parallel_for(a.rows, row_grain(a.width), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r)
        round_to_bytes(as<T>(a.x) + r * a.x_stride, a.width, as<uint8_t>(a.out) + r * row_bytes);
    });
  });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
