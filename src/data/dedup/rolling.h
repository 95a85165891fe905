// Hashes that roll over a text: polynomials over the bytes or the words of a window.
#pragma once

#include <cstdint>

namespace malmoi::data {

/// Their base; odd.
inline constexpr uint64_t kRollingBase = 0x9E3779B97F4A7C15ull;

}  // namespace malmoi::data
