// The time of day, for what says when it was made.
#pragma once

#include <cstdint>
#include <string>

namespace malmoi {

/// Seconds since 1970, as ISO 8601 has them: "2026-11-27T08:14:34Z".
std::string utc_text(int64_t seconds);
/// Now.
std::string utc_now();

}  // namespace malmoi
