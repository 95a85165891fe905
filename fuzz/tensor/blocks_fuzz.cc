// Fuzzes packed weights of every type: any bytes unpack, and those that are called finite are.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "tensor/block_type.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi;
  for (const BlockFormat& format : block_formats()) {
    const auto blocks = static_cast<int64_t>(size) / format.bytes;
    std::vector<float> weights(static_cast<size_t>(blocks * format.elements));
    decode_blocks(format, data, blocks, weights.data());
    const int64_t finite = first_not_finite(format, data, blocks) * format.elements;
    for (int64_t i = 0; i < finite; ++i)
      if (!std::isfinite(weights[static_cast<size_t>(i)])) std::abort();
  }
  return 0;
}
