// The dropout mask that several kernels share. The rules that hold for all kernels stand in backend.h.
#pragma once

#include <cstdint>

#include "tensor/dtype.h"

namespace malmoi::kernels {

/// A dropout mask that is a function of (seed, stream, element index): nothing is stored, backward makes it again.
/// Element i is kept where the (i mod 4)-th word of philox(seed, stream, i / 4) is at least p * 2^32; kept ones are
/// multiplied by 1 / (1 - p).
struct Dropout {
  float p = 0;  // 0: none
  uint64_t seed = 0, stream = 0;
};

}  // namespace malmoi::kernels
