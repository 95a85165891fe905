// The IQ types of one to three bits: a code chooses the sizes of 8 or 4 weights from a book, their signs stand beside it.
#include <bit>

#include "tensor/blocks/unpack.h"

namespace malmoi::blocks {
namespace {

#include "tensor/blocks/grids.inc"

constexpr int8_t kTwos[4] = {8, 25, 43, 0};
constexpr int8_t kThreesXxs[8] = {4, 12, 20, 28, 36, 44, 52, 62};

// Bit i of `signs` turns weight i of 8 round.
void put_signed(int8_t* quants, int i, int size, uint32_t signs) {
  quants[i] = static_cast<int8_t>(signs >> i & 1 ? -size : size);
}

// Eight weights of two bits each.
void eight(uint16_t code, uint32_t signs, int8_t* quants) {
  for (int i = 0; i < 8; ++i) put_signed(quants, i, kTwos[code >> (2 * i) & 3], signs);
}

// Seven signs are stored; the eighth makes their number even.
uint32_t even_signs(uint32_t seven) { return seven | static_cast<uint32_t>(std::popcount(seven) & 1) << 7; }

float quarter_steps(float d, uint32_t scale) { return d * (0.5f + static_cast<float>(scale)) * 0.25f; }

// Weights of IQ1 are -1, 0 or 1, and an eighth up or down: in eighths they are whole.
void in_eighths(uint16_t code, bool down, int8_t* quants) {
  for (int i = 0; i < 8; ++i) {
    const int whole = static_cast<int>(code >> (2 * i) & 3) - 1;
    quants[i] = static_cast<int8_t>(8 * whole + (down ? -1 : 1));
  }
}

}  // namespace

void unpack_iq2_xxs(const uint8_t* block, Unpacked& out) {
  const float d = half_at(block);
  for (int g = 0; g < 8; ++g) {
    const uint8_t* codes = block + 2 + 8 * g;
    const uint32_t rest = word32(codes + 4);
    out.scales[g] = quarter_steps(d, rest >> 28);
    for (int k = 0; k < 4; ++k)
      eight(kIq2XxsGrid[codes[k]], even_signs(rest >> (7 * k) & 127), out.quants + 32 * g + 8 * k);
  }
}

void unpack_iq2_xs(const uint8_t* block, Unpacked& out) {
  const float d = half_at(block);
  const uint8_t* scales = block + 66;
  for (int g = 0; g < 16; ++g) out.scales[g] = quarter_steps(d, scales[g / 2] >> (g % 2 * 4) & 15u);
  for (int k = 0; k < 32; ++k) {
    const uint32_t code = word16(block + 2 + 2 * k);
    eight(kIq2XsGrid[code & 511], even_signs(code >> 9), out.quants + 8 * k);
  }
}

void unpack_iq2_s(const uint8_t* block, Unpacked& out) {
  const float d = half_at(block);
  const uint8_t *low = block + 2, *signs = block + 34, *high = block + 66, *scales = block + 74;
  for (int g = 0; g < 16; ++g) out.scales[g] = quarter_steps(d, scales[g / 2] >> (g % 2 * 4) & 15u);
  for (int k = 0; k < 32; ++k) {
    const int code = low[k] | (high[k / 4] >> (k % 4 * 2) & 3) << 8;
    eight(kIq2SGrid[code], signs[k], out.quants + 8 * k);
  }
}

void unpack_iq3_xxs(const uint8_t* block, Unpacked& out) {
  const float d = half_at(block);
  const uint8_t *codes = block + 2, *rest = block + 66;
  for (int g = 0; g < 8; ++g) {
    const uint32_t word = word32(rest + 4 * g);
    out.scales[g] = d * (0.5f + static_cast<float>(word >> 28)) * 0.5f;
    for (int i = 0; i < 32; ++i) {
      const uint32_t size = kIq3XxsGrid[codes[8 * g + i / 4]] >> (4 * (i % 4)) & 15u;
      put_signed(out.quants + 32 * g + i / 8 * 8, i % 8, kThreesXxs[size], even_signs(word >> (7 * (i / 8)) & 127));
    }
  }
}

void unpack_iq3_s(const uint8_t* block, Unpacked& out) {
  const float d = half_at(block);
  const uint8_t *low = block + 2, *high = block + 66, *signs = block + 74, *scales = block + 106;
  for (int g = 0; g < 8; ++g) out.scales[g] = d * static_cast<float>(1 + 2 * (scales[g / 2] >> (g % 2 * 4) & 15));
  for (int i = 0; i < 256; ++i) {
    const int code = low[i / 4] | (high[i / 32] >> (i / 4 % 8) & 1) << 8;
    const int size = 2 * (kIq3SGrid[code] >> (4 * (i % 4)) & 15) + 1;
    put_signed(out.quants + i / 8 * 8, i % 8, size, signs[i / 8]);
  }
}

void unpack_iq1_s(const uint8_t* block, Unpacked& out) {
  const float d = half_at(block);
  const uint8_t *low = block + 2, *rest = block + 34;
  for (int g = 0; g < 8; ++g) {
    const uint32_t word = word16(rest + 2 * g);
    out.scales[g] = d * static_cast<float>(2 * (word >> 12 & 7) + 1) * 0.125f;
    for (int k = 0; k < 4; ++k)
      in_eighths(kIq1Grid[low[4 * g + k] | (word >> (3 * k) & 7) << 8], word & 0x8000, out.quants + 32 * g + 8 * k);
  }
}

void unpack_iq1_m(const uint8_t* block, Unpacked& out) {
  const uint8_t *low = block, *high = block + 32, *scales = block + 48;
  uint32_t half = 0;  // a nibble of it above each word of scales
  for (int w = 0; w < 4; ++w) half |= static_cast<uint32_t>(word16(scales + 2 * w) >> 12) << (4 * w);
  const float d = half_to_float(static_cast<uint16_t>(half));
  for (int g = 0; g < 16; ++g) {
    const int scale = word16(scales + g / 4 * 2) >> (3 * (g % 4)) & 7;
    out.scales[g] = d * static_cast<float>(2 * scale + 1) * 0.125f;
  }
  for (int k = 0; k < 32; ++k) {
    const int more = high[k / 2] >> (k % 2 * 4);
    in_eighths(kIq1Grid[low[k] | (more & 7) << 8], more & 8, out.quants + 8 * k);
  }
}

}  // namespace malmoi::blocks
