// The K types of ggml: 256 weights in groups whose scales, and least values, are small integers times one f16 of the block.
#include "tensor/blocks/unpack.h"

namespace malmoi::blocks {
namespace {

struct ScaleAndMin {
  int scale, min;
};

// Eight 6-bit scales and as many least values in twelve bytes: the upper two bits of the last four stand above the first's.
ScaleAndMin six_bits(const uint8_t* packed, int g) {
  if (g < 4) return {packed[g] & 63, packed[g + 4] & 63};
  return {(packed[g + 4] & 15) | packed[g - 4] >> 6 << 4, packed[g + 4] >> 4 | packed[g] >> 6 << 4};
}

// Scales and offsets of Q4_K and Q5_K, which begin alike.
void scales_and_offsets(const uint8_t* block, Unpacked& out) {
  const float d = half_at(block), dmin = half_at(block + 2);
  for (int g = 0; g < 8; ++g) {
    const ScaleAndMin both = six_bits(block + 4, g);
    out.scales[g] = d * static_cast<float>(both.scale);
    out.offsets[g] = -(dmin * static_cast<float>(both.min));
  }
}

}  // namespace

void unpack_q2_k(const uint8_t* block, Unpacked& out) {
  const uint8_t* packed = block + 16;
  const float d = half_at(block + 80), dmin = half_at(block + 82);
  for (int g = 0; g < 16; ++g) {
    out.scales[g] = d * static_cast<float>(block[g] & 15);
    out.offsets[g] = -(dmin * static_cast<float>(block[g] >> 4));
  }
  for (int i = 0; i < 256; ++i) out.quants[i] = packed[i / 128 * 32 + i % 32] >> (2 * (i / 32 % 4)) & 3;
}

void unpack_q3_k(const uint8_t* block, Unpacked& out) {
  const uint8_t *thirds = block, *packed = block + 32, *scales = block + 96;
  const float d = half_at(block + 108);
  for (int g = 0; g < 16; ++g) {
    const int low = scales[g % 8] >> (g / 8 * 4) & 15, high = scales[8 + g % 4] >> (g / 4 * 2) & 3;
    out.scales[g] = d * static_cast<float>((low | high << 4) - 32);
  }
  for (int i = 0; i < 256; ++i) {
    const int low = packed[i / 128 * 32 + i % 32] >> (2 * (i / 32 % 4)) & 3, third = thirds[i % 32] >> (i / 32) & 1;
    out.quants[i] = static_cast<int8_t>(low - (third ? 0 : 4));
  }
}

void unpack_q4_k(const uint8_t* block, Unpacked& out) {
  scales_and_offsets(block, out);
  const uint8_t* packed = block + 16;
  for (int i = 0; i < 256; ++i) out.quants[i] = packed[i / 64 * 32 + i % 32] >> (i / 32 % 2 * 4) & 15;
}

void unpack_q5_k(const uint8_t* block, Unpacked& out) {
  scales_and_offsets(block, out);
  const uint8_t *fifths = block + 16, *packed = block + 48;
  for (int i = 0; i < 256; ++i) {
    const int low = packed[i / 64 * 32 + i % 32] >> (i / 32 % 2 * 4) & 15, fifth = fifths[i % 32] >> (i / 32) & 1;
    out.quants[i] = static_cast<int8_t>(low | fifth << 4);
  }
}

void unpack_q6_k(const uint8_t* block, Unpacked& out) {
  const uint8_t *low = block, *high = block + 128, *scales = block + 192;
  const float d = half_at(block + 208);
  for (int g = 0; g < 16; ++g) out.scales[g] = d * static_cast<float>(static_cast<int8_t>(scales[g]));
  for (int i = 0; i < 256; ++i) {
    const int half = i / 128, part = i / 32 % 4;
    const int nibble = low[64 * half + 32 * (part % 2) + i % 32] >> (part / 2 * 4) & 15;
    out.quants[i] = static_cast<int8_t>((nibble | (high[32 * half + i % 32] >> (2 * part) & 3) << 4) - 32);
  }
}

}  // namespace malmoi::blocks
