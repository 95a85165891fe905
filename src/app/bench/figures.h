// What the benches share: figures of several runs, and the memory that a run took.
#pragma once

#include <cstdint>
#include <vector>

#include "base/json.h"

namespace malmoi::app {

/// {min, median, max} of at least one figure.
Json spread(std::vector<double> figures);

/// VmHWM of this process.
int64_t peak_resident_bytes();

}  // namespace malmoi::app
