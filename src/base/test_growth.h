// How the time of a parser grows with its input: what tests of inputs made to be slow share.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <thread>

#include "base/thread_time.h"

namespace malmoi {

/// Above it an input is no longer read in about linear time.
inline constexpr double kSteepestGrowth = 9;

/// Processor time of work(make(4 * size)) over that of work(make(size)), without that of make(): about 4 where it is
/// linear, 16 where it is quadratic. The least of each counts: what looks steep, since the machine was busy or stood still, is
/// measured again, after a rest that doubles.
template <typename Make, typename Work>
double growth_of(const Make& make, const Work& work, size_t size) {
  constexpr int kRounds = 12;
  constexpr std::chrono::milliseconds kFirstRest{2};  // all of them together: four seconds
  auto time = [&](const auto& input) {
    int64_t begin = nanoseconds_of(CLOCK_THREAD_CPUTIME_ID);
    work(input);
    return static_cast<double>(std::max<int64_t>(nanoseconds_of(CLOCK_THREAD_CPUTIME_ID) - begin, 1));
  };
  auto small = make(size);
  auto large = make(4 * size);
  double once = std::numeric_limits<double>::max(), four = once, growth = 0;
  for (int round = 0; round < kRounds; ++round) {
    once = std::min(once, time(small));
    four = std::min(four, time(large));
    growth = four / once;
    if (growth < kSteepestGrowth) break;
    if (round + 1 < kRounds) std::this_thread::sleep_for(kFirstRest * (1 << round));
  }
  return growth;
}
/// The same of work that makes its own input of a size.
template <typename Work>
double growth_of(const Work& work, size_t size) {
  return growth_of([](size_t n) { return n; }, work, size);
}

}  // namespace malmoi
