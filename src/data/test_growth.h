// How the time of a parser grows with its input: what tests of inputs made to be slow share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

#include "base/thread_time.h"

namespace malmoi::data {

/// Processor time of work(4 * size) over that of work(size), the least of a few each: about 4 where it is linear, 16
/// where it is quadratic.
template <typename Work>
double growth_of(const Work& work, size_t size) {
  constexpr int kRounds = 3;
  auto time = [&](size_t n) {
    int64_t best = std::numeric_limits<int64_t>::max();
    for (int round = 0; round < kRounds; ++round) {
      int64_t begin = nanoseconds_of(CLOCK_THREAD_CPUTIME_ID);
      work(n);
      best = std::min(best, nanoseconds_of(CLOCK_THREAD_CPUTIME_ID) - begin);
    }
    return static_cast<double>(std::max<int64_t>(best, 1));
  };
  double once = time(size);
  return time(4 * size) / once;
}
/// Above it an input is no longer read in about linear time.
inline constexpr double kSteepestGrowth = 9;

}  // namespace malmoi::data
