// What the benches share: figures of several runs, and the memory that a run took.
#pragma once

#include <cstdint>
#include <vector>

#include "base/json.h"

namespace malmoi::app {

/// Of the figures of several runs.
struct Spread {
  double min = 0, median = 0, max = 0;
};
/// Of at least one figure.
Spread spread(std::vector<double> figures);
Json to_json(const Spread& spread);

/// VmHWM of this process.
int64_t peak_resident_bytes();

}  // namespace malmoi::app
