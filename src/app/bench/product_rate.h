// How fast this machine multiplies matrices: what plans and efficiencies are measured against.
#pragma once

#include <cstdint>

#include "tensor/precision.h"

namespace malmoi::app {

/// y[m, n] = x[m, k] w[n, k]^T.
struct ProductSize {
  int64_t m = 0, n = 0, k = 0;
};

/// FLOP/s of the fastest of many such products within about so many seconds, on the compute threads.
double product_rate(ProductSize size, Precision precision, double seconds);

}  // namespace malmoi::app
