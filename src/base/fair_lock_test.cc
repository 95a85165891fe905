// Tests of the lock that lets everybody through.
#include "base/fair_lock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "base/parallel.h"

namespace malmoi {
namespace {

TEST(FairLock, WhoHasWaitedComesBeforeWhoTakesItAgain) {
  FairLock door;
  std::atomic<bool> was_let_in{false};
  door.lock();
  std::thread other([&] {
    std::lock_guard turn(door);
    was_let_in = true;
  });
  while (door.waiting() == 0) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::nanoseconds(2 * FairLock::kPatience));
  door.unlock();
  door.lock();  // at once: a plain mutex would give it back to this thread, most of the time
  EXPECT_TRUE(was_let_in);
  door.unlock();
  other.join();
}

TEST(FairLock, OneHoldsItAtATime) {
  FairLock door;
  int64_t count = 0;  // written without a lock of its own: the sanitizer of threads would tell
  std::thread threads[4];
  for (std::thread& thread : threads) {
    thread = std::thread([&] {
      for (int i = 0; i < 2000; ++i) {
        std::lock_guard turn(door);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 8000);
}

// As the engines of two models do.
TEST(FairLock, TwoThreadsComputeAtOnceAndEachGetsItsOwn) {
  const int before = num_threads();
  set_num_threads(3);
  auto sums = [](int64_t first) {
    for (int job = 0; job < 500; ++job) {
      std::atomic<int64_t> sum{0};
      parallel_for(100, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) sum += first + i;
      });
      if (sum != 100 * first + 4950) return false;
    }
    return true;
  };
  bool other_is_right = false;
  std::thread other([&] { other_is_right = sums(1000); });
  EXPECT_TRUE(sums(0));
  other.join();
  EXPECT_TRUE(other_is_right);
  set_num_threads(before);
}

}  // namespace
}  // namespace malmoi
