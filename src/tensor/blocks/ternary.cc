// Weights of -1, 0 and 1: two bits each (TQ2_0), or five in a byte as a fraction in base three (TQ1_0).
#include "tensor/blocks/unpack.h"

namespace malmoi::blocks {

void unpack_tq1_0(const uint8_t* block, Unpacked& out) {
  constexpr int kPowers[] = {1, 3, 9, 27, 81};
  int8_t* quant = out.quants;
  // `bytes` bytes hold as many weights for each power, all of a power together.
  auto digits = [&](const uint8_t* packed, int bytes, int powers) {
    for (int p = 0; p < powers; ++p) {
      for (int i = 0; i < bytes; ++i) {
        const int fraction = packed[i] * kPowers[p] & 255;
        *quant++ = static_cast<int8_t>((fraction * 3 >> 8) - 1);
      }
    }
  };
  digits(block, 32, 5);
  digits(block + 32, 16, 5);
  digits(block + 48, 4, 4);
  fill_scales(out, 8, half_at(block + 52));
}

void unpack_tq2_0(const uint8_t* block, Unpacked& out) {
  for (int i = 0; i < 256; ++i)
    out.quants[i] = static_cast<int8_t>((block[i / 128 * 32 + i % 32] >> (2 * (i / 32 % 4)) & 3) - 1);
  fill_scales(out, 8, half_at(block + 64));
}

}  // namespace malmoi::blocks
