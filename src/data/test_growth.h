// How the time of a parser grows with its input: what tests of inputs made to be slow share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

#include "base/thread_time.h"

namespace malmoi::data {

/// Above it an input is no longer read in about linear time.
inline constexpr double kSteepestGrowth = 9;

/// Processor time of work(4 * size) over that of work(size): about 4 where it is linear, 16 where it is quadratic. What a
/// busy machine makes look steep is measured again, and the least of a few each counts.
template <typename Work>
double growth_of(const Work& work, size_t size) {
  constexpr int kRounds = 4;
  auto time = [&](size_t n) {
    int64_t begin = nanoseconds_of(CLOCK_THREAD_CPUTIME_ID);
    work(n);
    return static_cast<double>(std::max<int64_t>(nanoseconds_of(CLOCK_THREAD_CPUTIME_ID) - begin, 1));
  };
  double once = std::numeric_limits<double>::max(), four = once, growth = 0;
  for (int round = 0; round < kRounds; ++round) {
    once = std::min(once, time(size));
    four = std::min(four, time(4 * size));
    growth = four / once;
    if (growth < kSteepestGrowth) break;
  }
  return growth;
}

}  // namespace malmoi::data
