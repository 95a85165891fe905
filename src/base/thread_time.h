// ThreadTime: what a thread of a team did with its time.
#pragma once

#include <time.h>

#include <algorithm>
#include <cstdint>

namespace malmoi {

/// Nanoseconds of a clock: CLOCK_MONOTONIC, or CLOCK_THREAD_CPUTIME_ID.
inline int64_t nanoseconds_of(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}
inline int64_t now_ns() { return nanoseconds_of(CLOCK_MONOTONIC); }

/// Of the calling thread, since restart(), in nanoseconds.
class ThreadTime {
 public:
  void restart(int64_t now) {
    begin_ = now, begin_of_processor_ = nanoseconds_of(CLOCK_THREAD_CPUTIME_ID);
    spun_ = slept_ = 0;
  }
  void add_spun(int64_t ns) { spun_ += ns; }
  void add_slept(int64_t ns) { slept_ += ns; }
  int64_t passed(int64_t now) const { return now - begin_; }

  struct Sums {
    int64_t useful, lost;  // computing; able to run without a core
  };
  Sums sums(int64_t now) const {
    int64_t processor = nanoseconds_of(CLOCK_THREAD_CPUTIME_ID) - begin_of_processor_;
    return {std::max<int64_t>(processor - spun_, 0), std::max<int64_t>(now - begin_ - slept_ - processor, 0)};
  }

 private:
  int64_t begin_ = 0, begin_of_processor_ = 0, spun_ = 0, slept_ = 0;
};

}  // namespace malmoi
