// The words of files of what a teacher said (sampled_teacher.h): what writes and what reads them agree on here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace malmoi::train {

/// The footer: magic, version, rows (low, high), draws, ids, where the index begins (low, high).
inline constexpr uint32_t kTaughtMagic = 0x4843544D, kTaughtVersion = 1;
inline constexpr size_t kTaughtFooter = 8;
/// An entry: its id above its draws.
inline constexpr uint32_t kCountBits = 10, kCountMask = (uint32_t{1} << kCountBits) - 1;

inline uint64_t joined(uint32_t low, uint32_t high) { return uint64_t{high} << 32 | low; }
inline uint32_t low_word(uint64_t value) { return static_cast<uint32_t>(value); }
inline uint32_t high_word(uint64_t value) { return static_cast<uint32_t>(value >> 32); }

}  // namespace malmoi::train
