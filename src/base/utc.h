// The time of day, for files and responses that say when they were made.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace malmoi {

/// Seconds since 1970, as ISO 8601 has them: "2026-11-27T08:14:34Z".
std::string utc_text(int64_t seconds);
/// Now.
std::string utc_now();

/// A moment to the microsecond, as RFC 3339 has it: "2026-11-27T08:14:34.000250Z".
std::string utc_text(std::chrono::system_clock::time_point moment);

/// Seconds since 1970 of a day's beginning, "2026-11-27", or of a moment, "2026-11-27T08:14:34Z". None: another text, a day that
/// no calendar has.
std::optional<int64_t> parse_utc(std::string_view text);

}  // namespace malmoi
