// Counts what goes into an unpacker and what comes out, and says when that is no longer a document's doing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "data/readers/reader.h"

namespace malmoi::data {

struct Expansion {
  static constexpr uint64_t kHarmless = 64ull << 20;  // bytes; below it any ratio is let pass
  uint64_t in = 0, out = 0;

  /// How much may come out of what went in.
  uint64_t most(const ReaderLimits& limits) const {
    double by_ratio = limits.expansion_ratio * static_cast<double>(in + 1);
    if (by_ratio >= static_cast<double>(limits.expanded_bytes)) return limits.expanded_bytes;
    return std::min(limits.expanded_bytes, std::max(kHarmless, static_cast<uint64_t>(by_ratio)));
  }
  Status check(const ReaderLimits& limits, const std::string& where) const {
    if (out > limits.expanded_bytes)
      return invalid_data("expands to more than " + std::to_string(limits.expanded_bytes) + " bytes", where,
                          "raise limits.expanded_bytes if it is meant to");
    if (out > most(limits))
      return invalid_data(
          "expands more than " + std::to_string(static_cast<int>(limits.expansion_ratio)) + " times, like a bomb",
          where, "raise limits.expansion_ratio if it is meant to");
    return {};
  }
};

}  // namespace malmoi::data
