#include "quantize/pack.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "quantize/fit.h"
#include "quantize/stored_half.h"
#include "tensor/dtype.h"

namespace malmoi::quantize {
namespace {

struct Packer {
  BlockType type;
  PackBlock pack;
  bool weighs = true;  // whether some errors count more than others
};
constexpr Packer kPackers[] = {
    {BlockType::Q4_0, pack_q4_0}, {BlockType::Q4_1, pack_q4_1},        {BlockType::Q5_0, pack_q5_0},
    {BlockType::Q5_1, pack_q5_1}, {BlockType::Q8_0, pack_q8_0, false}, {BlockType::Q4_K, pack_q4_k},
    {BlockType::Q5_K, pack_q5_k}, {BlockType::Q6_K, pack_q6_k},        {BlockType::NF4, pack_nf4, false}};

constexpr int kBlock = 32, kHalf = 16;

// Levels from 0 on: low nibbles of the first half, high ones of the last.
void put_nibbles(const int8_t* levels, uint8_t* to) {
  for (int i = 0; i < kHalf; ++i) to[i] = static_cast<uint8_t>((levels[i] & 15) | (levels[i + kHalf] & 15) << 4);
}

void put_fifths(const int8_t* levels, uint8_t* to) {
  uint32_t bits = 0;
  for (int i = 0; i < kBlock; ++i) bits |= static_cast<uint32_t>(levels[i] >> 4 & 1) << i;
  std::memcpy(to, &bits, sizeof bits);
}

// To the nearest, halves away from 0, as std::lround; but a loop of it becomes vectors.
int rounded(float x) {
  const auto whole = static_cast<int>(x);
  const float rest = x - static_cast<float>(whole);
  return whole + static_cast<int>(rest >= 0.5f) - static_cast<int>(rest <= -0.5f);
}

// Levels about the scale as it is stored in f16, counted from 0.
void levels_of(const float* x, const float* weights, int low, int high, float& scale, int8_t* levels) {
  scale = half_to_float(float_to_half(fit_scale(x, weights, kBlock, low, high, levels)));
  round_to_levels(x, weights, kBlock, {scale, 0}, low, high, levels);
  for (int i = 0; i < kBlock; ++i) levels[i] = static_cast<int8_t>(levels[i] - low);
}

ScaleAndOffset levels_with_offset(const float* x, const float* weights, int high, int8_t* levels) {
  ScaleAndOffset by = fit_scale_and_offset(x, weights, kBlock, high, false, levels);
  by = {half_to_float(float_to_half(by.scale)), half_to_float(float_to_half(by.offset))};
  round_to_levels(x, weights, kBlock, by, 0, high, levels);
  return by;
}

const Packer* find(BlockType type) {
  const auto* found = std::ranges::find(kPackers, type, &Packer::type);
  return found == std::end(kPackers) ? nullptr : found;
}

// How much an error of each weight of a block counts: pack_row() has the formula.
void weigh(const float* x, int n, std::span<const float> importance, float* weights) {
  float squares = 0;
  for (int i = 0; i < n; ++i) squares += x[i] * x[i];
  const float twice_mean = 2 * squares / static_cast<float>(n);
  for (int i = 0; i < n; ++i) weights[i] = std::sqrt(twice_mean + x[i] * x[i]);
  for (size_t i = 0; !importance.empty() && i < static_cast<size_t>(n); ++i) weights[i] *= importance[i];
}

}  // namespace

PackBlock packer(BlockType type) {
  const Packer* found = find(type);
  return found ? found->pack : nullptr;
}

void pack_row(BlockType type, const float* x, int64_t columns, std::span<const float> importance, uint8_t* blocks) {
  const BlockFormat& format = block_format(type);
  const Packer& packer = *find(type);
  float weights[kMaxBlockElements];
  for (int64_t begin = 0; begin < columns; begin += format.elements, blocks += format.bytes) {
    const auto counts = importance.empty() ? importance : importance.subspan(static_cast<size_t>(begin));
    if (packer.weighs) weigh(x + begin, format.elements, counts, weights);
    packer.pack(x + begin, weights, blocks);
  }
}

void pack_q4_0(const float* x, const float* weights, uint8_t* block) {
  int8_t levels[kBlock];
  float scale = 0;
  levels_of(x, weights, -8, 7, scale, levels);
  put_half(block, scale);
  put_nibbles(levels, block + 2);
}

void pack_q4_1(const float* x, const float* weights, uint8_t* block) {
  int8_t levels[kBlock];
  const ScaleAndOffset by = levels_with_offset(x, weights, 15, levels);
  put_half(block, by.scale), put_half(block + 2, by.offset);
  put_nibbles(levels, block + 4);
}

void pack_q5_0(const float* x, const float* weights, uint8_t* block) {
  int8_t levels[kBlock];
  float scale = 0;
  levels_of(x, weights, -16, 15, scale, levels);
  put_half(block, scale);
  put_fifths(levels, block + 2);
  put_nibbles(levels, block + 6);
}

void pack_q5_1(const float* x, const float* weights, uint8_t* block) {
  int8_t levels[kBlock];
  const ScaleAndOffset by = levels_with_offset(x, weights, 31, levels);
  put_half(block, by.scale), put_half(block + 2, by.offset);
  put_fifths(levels, block + 4);
  put_nibbles(levels, block + 8);
}

// Eight bits are enough to take the scale from the largest number, as ggml does.
void pack_q8_0(const float* x, const float*, uint8_t* block) {
  float largest = 0;
  for (int i = 0; i < kBlock; ++i) largest = std::max(largest, std::abs(x[i]));
  const float scale = largest / 127, inverse = scale >= std::numeric_limits<float>::min() ? 1 / scale : 0;
  put_half(block, scale);
  int8_t whole[kBlock];
  for (int i = 0; i < kBlock; ++i) whole[i] = static_cast<int8_t>(rounded(x[i] * inverse));
  std::memcpy(block + 2, whole, sizeof whole);
}

}  // namespace malmoi::quantize
