#include "tensor/block_type.h"

#include <algorithm>
#include <cmath>

#include "base/ascii.h"
#include "tensor/blocks/unpack.h"

namespace malmoi {
namespace {

constexpr BlockFormat kFormats[] = {
#define BLOCK_TYPE(type, elements, bytes, group, offsets, half, second_half, unpack) \
  {BlockType::type, #type, elements, bytes, group, offsets, {half, second_half}, blocks::unpack},
#include "tensor/blocks/table.inc"
#undef BLOCK_TYPE
};

}  // namespace

std::span<const BlockFormat> block_formats() { return kFormats; }

const BlockFormat& block_format(BlockType type) { return kFormats[static_cast<size_t>(type)]; }

const BlockFormat* find_block_format(std::string_view name) {
  const std::string wanted = ascii_lower(name);
  auto it = std::find_if(std::begin(kFormats), std::end(kFormats),
                         [&](const auto& format) { return ascii_lower(format.name) == wanted; });
  return it == std::end(kFormats) ? nullptr : it;
}

void decode_blocks(const BlockFormat& format, const void* blocks, int64_t count, float* out) {
  const auto* block = static_cast<const uint8_t*>(blocks);
  Unpacked unpacked;
  for (int64_t b = 0; b < count; ++b, block += format.bytes) {
    format.unpack(block, unpacked);
    for (int i = 0, group = 0; i < format.elements; ++group) {
      const float scale = unpacked.scales[group];
      const int end = i + format.group;
      if (unpacked.levels) {
        for (; i < end; ++i) *out++ = scale * unpacked.levels[unpacked.quants[i]];
        continue;
      }
      for (; i < end; ++i) {
        const float product = scale * static_cast<float>(unpacked.quants[i]);
        *out++ = format.offsets ? product + unpacked.offsets[group] : product;
      }
    }
  }
}

int64_t first_not_finite(const BlockFormat& format, const void* blocks, int64_t count) {
  constexpr uint16_t kExponent = 0x7C00;
  const auto* block = static_cast<const uint8_t*>(blocks);
  for (int64_t b = 0; b < count; ++b, block += format.bytes) {
    if (format.halves[0] >= 0) {  // a scale that is finite in f16 makes no weight that is not
      const bool first = (malmoi::blocks::word16(block + format.halves[0]) & kExponent) == kExponent;
      const int32_t second = format.halves[1];
      if (first || (second >= 0 && (malmoi::blocks::word16(block + second) & kExponent) == kExponent)) return b;
      continue;
    }
    Unpacked unpacked;
    format.unpack(block, unpacked);
    for (int g = 0; g < format.groups(); ++g) {
      if (!std::isfinite(unpacked.scales[g] * 127)) return b;
    }
  }
  return count;
}

}  // namespace malmoi
