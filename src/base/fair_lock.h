// A lock that nobody waits for without end: what several engines ask for, thousands of times a second each.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>

#include "base/thread_time.h"

namespace malmoi {

/// For std::lock_guard. Whoever comes while it is free may have it, so that a thread that takes it again and again keeps its
/// caches warm; once somebody has waited for kPatience, those who come later wait behind. A wait is so at most kPatience, the
/// time of one holder, and that of each who waited before.
class FairLock {
 public:
  static constexpr int64_t kPatience =
      5'000'000;  // ns: some kernels of one engine, and short beside a token of another

  void lock() {
    std::unique_lock lock(mutex_);
    const bool is_next = since_.empty() || now_ns() - since_.front() < kPatience;
    if (!taken_ && is_next) {
      taken_ = true;
      return;
    }
    const uint64_t ticket = first_ + since_.size();
    since_.push_back(now_ns());
    opened_.wait(lock, [&] { return !taken_ && ticket == first_; });
    ++first_;
    since_.pop_front();
    taken_ = true;
  }

  void unlock() {
    bool is_awaited = false;
    {
      std::lock_guard lock(mutex_);
      taken_ = false;
      is_awaited = !since_.empty();
    }
    if (is_awaited) opened_.notify_all();  // of the few that wait, the first goes on
  }

  /// How many wait now.
  size_t waiting() {
    std::lock_guard lock(mutex_);
    return since_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool taken_ = false;         // guarded by mutex_, as all below
  uint64_t first_ = 0;         // the number of the one that has waited longest
  std::deque<int64_t> since_;  // when each that waits came, the first of them first
};

}  // namespace malmoi
