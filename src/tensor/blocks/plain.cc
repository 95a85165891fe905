// The first types of ggml: 32 weights with a scale in f16 (d), and with a least value (m) in the types _1. Of nibbles the low
// ones are the first 16 weights, the high ones the last.
#include "tensor/blocks/unpack.h"

namespace malmoi::blocks {
namespace {

constexpr int kHalf = 16;

void nibbles(const uint8_t* packed, int zero, int8_t* quants) {
  for (int i = 0; i < kHalf; ++i) {
    quants[i] = static_cast<int8_t>((packed[i] & 15) - zero);
    quants[i + kHalf] = static_cast<int8_t>((packed[i] >> 4) - zero);
  }
}

// Nibbles, and of each weight a fifth bit.
void fives(const uint8_t* fifths, const uint8_t* packed, int zero, int8_t* quants) {
  nibbles(packed, zero, quants);
  const uint32_t bits = word32(fifths);
  for (int i = 0; i < 2 * kHalf; ++i) quants[i] = static_cast<int8_t>(quants[i] + static_cast<int>(bits >> i & 1) * 16);
}

}  // namespace

void unpack_q4_0(const uint8_t* block, Unpacked& out) {
  out.scales[0] = half_at(block);
  nibbles(block + 2, 8, out.quants);
}

void unpack_q4_1(const uint8_t* block, Unpacked& out) {
  out.scales[0] = half_at(block), out.offsets[0] = half_at(block + 2);
  nibbles(block + 4, 0, out.quants);
}

void unpack_q5_0(const uint8_t* block, Unpacked& out) {
  out.scales[0] = half_at(block);
  fives(block + 2, block + 6, 16, out.quants);
}

void unpack_q5_1(const uint8_t* block, Unpacked& out) {
  out.scales[0] = half_at(block), out.offsets[0] = half_at(block + 2);
  fives(block + 4, block + 8, 0, out.quants);
}

void unpack_q8_0(const uint8_t* block, Unpacked& out) {
  out.scales[0] = half_at(block);
  std::memcpy(out.quants, block + 2, 2 * kHalf);
}

// Four bits that choose one of 16 values; of MXFP4 (OCP Microscaling Formats 1.0) e2m1 numbers, doubled, with a power of two
// for a scale, halved.
namespace {
constexpr int8_t kIq4Values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
constexpr int8_t kE2m1Doubled[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

void chosen(const uint8_t* packed, const int8_t* values, int8_t* quants) {
  for (int i = 0; i < kHalf; ++i) quants[i] = values[packed[i] & 15], quants[i + kHalf] = values[packed[i] >> 4];
}
}  // namespace

void unpack_iq4_nl(const uint8_t* block, Unpacked& out) {
  out.scales[0] = half_at(block);
  chosen(block + 2, kIq4Values, out.quants);
}

void unpack_mxfp4(const uint8_t* block, Unpacked& out) {
  const uint32_t e = block[0];
  out.scales[0] = std::bit_cast<float>(e < 2 ? 0x00200000u << e : (e - 1) << 23);
  chosen(block + 1, kE2m1Doubled, out.quants);
}

void unpack_iq4_xs(const uint8_t* block, Unpacked& out) {
  const float d = half_at(block);
  const uint32_t high = word16(block + 2);
  for (int g = 0; g < 8; ++g) {
    const uint32_t low = block[4 + g / 2] >> (4 * (g % 2)) & 15u;
    out.scales[g] = d * static_cast<float>(static_cast<int>(low | (high >> (2 * g) & 3u) << 4) - 32);
    chosen(block + 8 + 16 * g, kIq4Values, out.quants + 32 * g);
  }
}

}  // namespace malmoi::blocks
