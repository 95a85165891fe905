// The words of files of what a teacher said (sampled_teacher.h): what writes and what reads them agree on here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/hash.h"

namespace malmoi::train {

/// The footer: magic, version, rows (low, high), draws, ids, where the index begins (low, high).
inline constexpr uint32_t kTaughtMagic = 0x4843544D, kTaughtVersion = 2;
inline constexpr size_t kTaughtFooter = 8;
/// The index, for each row: where its block begins (low, high), and a hash of the block.
inline constexpr size_t kTaughtIndex = 3;
/// An entry: its id above its draws.
inline constexpr uint32_t kCountBits = 10, kCountMask = (uint32_t{1} << kCountBits) - 1;

inline uint64_t joined(uint32_t low, uint32_t high) { return uint64_t{high} << 32 | low; }
inline uint32_t low_word(uint64_t value) { return static_cast<uint32_t>(value); }
inline uint32_t high_word(uint64_t value) { return static_cast<uint32_t>(value >> 32); }

inline uint32_t hash_of_block(std::span<const uint32_t> words) {
  return low_word(hash64({reinterpret_cast<const char*>(words.data()), words.size_bytes()}));
}

}  // namespace malmoi::train
