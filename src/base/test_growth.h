// How the time of a parser grows with its input: what tests of inputs made to be slow share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

#include "base/thread_time.h"

namespace malmoi {

/// Processor time of work(make(4 * size)) over that of work(make(size)), the least of a few each, without that of make():
/// about 4 where it is linear, 16 where it is quadratic.
template <typename Make, typename Work>
double growth_of(const Make& make, const Work& work, size_t size) {
  constexpr int kRounds = 3;
  auto time = [&](const auto& input) {
    int64_t best = std::numeric_limits<int64_t>::max();
    for (int round = 0; round < kRounds; ++round) {
      int64_t begin = nanoseconds_of(CLOCK_THREAD_CPUTIME_ID);
      work(input);
      best = std::min(best, nanoseconds_of(CLOCK_THREAD_CPUTIME_ID) - begin);
    }
    return static_cast<double>(std::max<int64_t>(best, 1));
  };
  double once = time(make(size));
  return time(make(4 * size)) / once;
}
/// The same of work that makes its own input of a size.
template <typename Work>
double growth_of(const Work& work, size_t size) {
  return growth_of([](size_t n) { return n; }, work, size);
}
/// Above it an input is no longer read in about linear time.
inline constexpr double kSteepestGrowth = 9;

}  // namespace malmoi
