// What the files of this folder share: a function for each packed type, and the numbers that blocks hold.
#pragma once

#include <algorithm>
#include <cstring>

#include "tensor/block_type.h"
#include "tensor/dtype.h"

namespace malmoi::blocks {

#define BLOCK_TYPE(type, elements, bytes, group, offsets, half, second_half, unpack) \
  void unpack(const uint8_t* block, Unpacked& out);
#include "tensor/blocks/table.inc"
#undef BLOCK_TYPE

inline uint16_t word16(const uint8_t* p) { return static_cast<uint16_t>(p[0] | p[1] << 8); }
inline uint32_t word32(const uint8_t* p) {
  uint32_t word;
  std::memcpy(&word, p, sizeof word);
  return word;
}
inline float half_at(const uint8_t* p) { return half_to_float(word16(p)); }

inline void fill_scales(Unpacked& out, int groups, float scale) { std::fill_n(out.scales, groups, scale); }

}  // namespace malmoi::blocks
