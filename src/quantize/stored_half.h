// Numbers in f16 as packed blocks hold them.
#pragma once

#include <cstdint>
#include <cstring>

#include "tensor/dtype.h"

namespace malmoi::quantize {

/// Stores x in two bytes; what it then is.
inline float put_half(uint8_t* to, float x) {
  const uint16_t half = float_to_half(x);
  std::memcpy(to, &half, sizeof half);
  return half_to_float(half);
}

}  // namespace malmoi::quantize
