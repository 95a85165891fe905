// The time of day, for files and responses that say when they were made.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace malmoi {

/// Seconds since 1970, as ISO 8601 has them: "2026-11-27T08:14:34Z".
std::string utc_text(int64_t seconds);
/// Now.
std::string utc_now();

/// A moment to the microsecond, as RFC 3339 has it: "2026-11-27T08:14:34.000250Z".
std::string utc_text(std::chrono::system_clock::time_point moment);

}  // namespace malmoi
