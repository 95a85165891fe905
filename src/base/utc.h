// The time of day, for files that say when they were made.
#pragma once

#include <string>

namespace malmoi {

/// Now, as ISO 8601 has it: "2026-11-27T08:14:34Z".
std::string utc_now();

}  // namespace malmoi
