// Types of weights that are packed in blocks: small integers with a scale for each group of them, as GGUF files hold them; and NF4,
// which stands in memory alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace malmoi {

/// One line of tensor/blocks/table.inc each. The names are ggml's, and NF4.
enum class BlockType : uint8_t {
#define BLOCK_TYPE(type, elements, bytes, group, offsets, half, second_half, unpack) type,
#include "tensor/blocks/table.inc"
#undef BLOCK_TYPE
};

/// Weights a block of any type has at most, and groups of them.
inline constexpr int kMaxBlockElements = 256, kMaxBlockGroups = 16;

/// What a block holds: weight i is quants[i] * scales[i / group], and where the type has them + offsets[i / group]. Of a type whose
/// values are no whole numbers it is levels[quants[i]] * scales[i / group].
struct Unpacked {
  const float* levels = nullptr;
  int8_t quants[kMaxBlockElements];
  float scales[kMaxBlockGroups];
  float offsets[kMaxBlockGroups];
};

/// How the weights of a type are packed. A row is whole blocks, one after another.
struct BlockFormat {
  BlockType type;
  std::string_view name;
  int32_t elements;   // of a block
  int32_t bytes;      // of a block
  int32_t group;      // elements that share a scale: 16, 32 or 64
  bool offsets;       // whether groups have one
  int32_t halves[2];  // bytes of a block where its numbers in f16 stand; -1: none, or in pieces
  void (*unpack)(const uint8_t* block, Unpacked& out);

  int32_t groups() const { return elements / group; }
  /// Bytes of so many weights, which fill blocks.
  size_t bytes_of(int64_t weights) const {
    return static_cast<size_t>(weights / elements) * static_cast<size_t>(bytes);
  }
};

std::span<const BlockFormat> block_formats();
const BlockFormat& block_format(BlockType type);
/// By name, in whatever letters: Q8_0, q8_0. Null where it is none of them.
const BlockFormat* find_block_format(std::string_view name);

/// The weights of `count` blocks in f32.
void decode_blocks(const BlockFormat& format, const void* blocks, int64_t count, float* out);

/// The first of `count` blocks that holds a weight which is not finite; `count` where all are.
int64_t first_not_finite(const BlockFormat& format, const void* blocks, int64_t count);

}  // namespace malmoi
