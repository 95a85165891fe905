// Oracle of rows in 8 bits.
#include "kernels/contract/byte_rows.h"

#include <algorithm>
#include <cmath>

#include "kernels/ref/ref.h"

namespace malmoi::kernels::ref {

// In f32, as the kernels: which way a tie goes is part of the result.
void to_byte_rows(Stream&, const ToByteRowsArgs& a) {
  const auto row_bytes = static_cast<int64_t>(byte_row_bytes(a.width));
  with_type(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t r = 0; r < a.rows; ++r) {
      const T* x = as<T>(a.x) + r * a.x_stride;
      auto* bytes = as<int8_t>(a.out) + r * row_bytes;
      auto* scales = reinterpret_cast<float*>(bytes + a.width);
      for (int64_t begin = 0; begin < a.width; begin += kByteGroup) {
        float largest = 0;
        for (int64_t i = begin; i < begin + kByteGroup; ++i)
          largest = std::max(largest, static_cast<float>(std::abs(get(x[i]))));
        const float scale = largest / 127, inverse = largest > 0 ? 127 / largest : 0;
        for (int64_t i = begin; i < begin + kByteGroup; ++i)
          bytes[i] = static_cast<int8_t>(std::nearbyint(static_cast<float>(get(x[i])) * inverse));
        scales[begin / kByteGroup] = scale;
      }
    }
  });
}

}  // namespace malmoi::kernels::ref
