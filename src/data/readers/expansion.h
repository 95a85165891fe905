// Counts what goes into an unpacker and what comes out, and says when that is no longer a document's doing.
#pragma once

#include <cstdint>
#include <string>

#include "data/readers/reader.h"

namespace malmoi::data {

struct Expansion {
  uint64_t in = 0, out = 0;
  Status check(const ReaderLimits& limits, const std::string& where) const {
    constexpr uint64_t kHarmless = 64ull << 20;
    if (out > limits.expanded_bytes)
      return invalid_data("expands to more than " + std::to_string(limits.expanded_bytes) + " bytes", where,
                          "raise limits.expanded_bytes if it is meant to");
    if (out > kHarmless && static_cast<double>(out) > limits.expansion_ratio * static_cast<double>(in + 1))
      return invalid_data(
          "expands more than " + std::to_string(static_cast<int>(limits.expansion_ratio)) + " times, like a bomb",
          where, "raise limits.expansion_ratio if it is meant to");
    return {};
  }
};

}  // namespace malmoi::data
