// NF4: 64 weights with their largest size in f16, then twice 16 bytes of codes. Of each sixteen bytes the low nibbles are
// 16 weights, the high ones the next 16, as in Q4_0. No file holds it: the order is ours, levels and blocks are bitsandbytes'.
#include "tensor/blocks/nf4.h"

#include "tensor/blocks/unpack.h"

namespace malmoi::blocks {

void unpack_nf4(const uint8_t* block, Unpacked& out) {
  constexpr int kBytes = kNf4Half / 2;
  out.levels = kNf4Levels;
  out.scales[0] = half_at(block);
  for (int half = 0; half < 2; ++half) {
    const uint8_t* codes = block + 2 + half * kBytes;
    int8_t* quants = out.quants + half * kNf4Half;
    for (int i = 0; i < kBytes; ++i) {
      quants[i] = static_cast<int8_t>(codes[i] & 15);
      quants[i + kBytes] = static_cast<int8_t>(codes[i] >> 4);
    }
  }
}

}  // namespace malmoi::blocks
