// Tests of the thread team and of the door to it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <new>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/parallel.h"
#include "base/team.h"
#include "base/team_size.h"

namespace malmoi {
namespace {

template <typename Body>
void run(Team& team, int pieces, Body& body) {
  team.run(
      pieces, [](void* context, int piece, int) { (*static_cast<Body*>(context))(piece); }, &body);
}

/// The number of threads for a test, put back at its end.
class Threads {
 public:
  explicit Threads(int n) : before_(num_threads()) { set_num_threads(n); }
  ~Threads() { set_num_threads(before_); }

 private:
  int before_;
};

TEST(Team, RunsEachPieceOnce) {
  for (int threads : {1, 2, 3, 8}) {
    Team team(threads);
    EXPECT_EQ(team.threads(), threads);
    for (int pieces : {1, 2, 3, 7, 8, 1000}) {
      std::vector<int> hits(static_cast<size_t>(pieces), 0);
      auto body = [&](int piece) { ++hits[static_cast<size_t>(piece)]; };
      run(team, pieces, body);
      EXPECT_THAT(hits, testing::Each(1)) << threads << " threads, " << pieces << " pieces";
    }
  }
}

TEST(Team, ManyShortJobsFollowEachOther) {
  Team team(4);
  std::atomic<int64_t> sum{0};
  auto body = [&](int piece) { sum.fetch_add(piece, std::memory_order_relaxed); };
  for (int job = 0; job < 20000; ++job) run(team, 5, body);
  EXPECT_EQ(sum, 20000 * 10);
}

TEST(Team, WakesAfterItWentToSleep) {
  Team team(3);
  std::atomic<int> sum{0};
  auto body = [&](int) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // the caller goes to sleep, too
    ++sum;
  };
  for (int job = 0; job < 5; ++job) {
    std::this_thread::sleep_for(std::chrono::milliseconds(8));
    run(team, 3, body);
  }
  EXPECT_EQ(sum, 15);
}

TEST(Team, TakesNoProcessorTimeWhenIdle) {
  Team team(4);
  auto nothing = [](int) {};
  run(team, 4, nothing);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // by now all sleep
  auto processor_ms = [] {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
           (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
  };
  auto before = processor_ms();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_LT(processor_ms() - before, 60) << "of 900 that three spinning threads could take";
}

TEST(Team, CarriesAnExceptionToTheCaller) {
  Team team(3);
  auto no_memory = [](int piece) {
    if (piece == 5) throw std::bad_alloc();
  };
  EXPECT_THROW(run(team, 9, no_memory), std::bad_alloc);
  std::atomic<int> hits{0};
  auto all_throw = [&](int piece) { throw std::runtime_error(std::to_string(piece)); };
  EXPECT_THROW(run(team, 50, all_throw), std::runtime_error);
  auto count = [&](int) { ++hits; };
  run(team, 9, count);
  EXPECT_EQ(hits, 9) << "the team goes on after a failure";
}

/// Windows of a machine on which `rate(threads)` cores do useful work and `lost(threads)` are missing.
template <typename Rate, typename Lost>
std::vector<int> sizes(TeamSize& size, int windows, const Rate& rate, const Lost& lost) {
  std::vector<int> met;
  for (int i = 0; i < windows; ++i) {
    met.push_back(size.active());
    size.measured(0.02, 0.02 * rate(size.active()), 0.02 * lost(size.active()));
  }
  return met;
}

TEST(TeamSize, StaysWholeOnItsOwnCores) {
  TeamSize size(4);
  EXPECT_THAT(sizes(
                  size, 100, [](int n) { return 0.9 * n; }, [](int) { return 0.02; }),
              testing::Each(4));
}

TEST(TeamSize, KnowsACrowdForHalfASecond) {
  TeamSize size(2);
  EXPECT_FALSE(size.crowded());
  size.measured(0.02, 0.03, 0.01);
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(size.crowded());
    size.measured(0.02, 0.04, 0.0);
  }
  for (int i = 0; i < 10; ++i) size.measured(0.02, 0.04, 0.0);
  EXPECT_FALSE(size.crowded());
}

TEST(TeamSize, StandsAsideForAnotherProgramAndComesBack) {
  TeamSize size(2);
  auto beside = sizes(
      size, 200, [](int n) { return n == 2 ? 1.05 : 1.0; }, [](int n) { return n == 2 ? 0.5 : 0.0; });
  EXPECT_GT(std::count(beside.begin(), beside.end(), 1), 180) << "seldom tried again";
  auto alone = sizes(
      size, 60, [](int n) { return 0.9 * n; }, [](int) { return 0.0; });
  EXPECT_EQ(alone.back(), 2) << "within a little more than a second";
}

TEST(TeamSize, LeavesOutOnlyAsManyAsCoresAreMissing) {
  // Eight cores, two other programs: those of the team that have a core of their own work as long as no one is waited for.
  auto rate = [](int n) { return n <= 6 ? n : 0.6 * n; };
  TeamSize size(8);
  auto met = sizes(size, 200, rate, [](int n) { return n <= 6 ? 0.0 : 0.5 * (n - 6); });
  EXPECT_GT(std::count(met.begin(), met.end(), 6), 150);
}

TEST(TeamSize, SharesFairlyWhereEveryCoreIsTaken) {
  TeamSize size(8);
  auto met = sizes(
      size, 200, [](int n) { return 0.4 * n; }, [](int n) { return 0.5 * n; });
  EXPECT_GT(std::count(met.begin(), met.end(), 8), 180) << "each brings its part, however small";
}

TEST(TeamSize, FollowsASecondProgram) {
  TeamSize size(4);
  auto with = [&](int others, int windows) {
    return sizes(
        size, windows, [=](int n) { return n <= 4 - others ? n : 0.5 * n; },
        [=](int n) { return std::max(0, n - 4 + others) * 0.5; });
  };
  with(1, 100);
  auto met = with(2, 200);
  EXPECT_GT(std::count(met.begin(), met.end(), 2), 120);
}

TEST(Parallel, NestedWorkRunsOnItsThread) {
  Threads threads(3);
  std::atomic<int> elsewhere{0}, hits{0};
  parallel_team(6, [&](int) {
    auto here = std::this_thread::get_id();
    parallel_team(4, [&](int) { elsewhere += std::this_thread::get_id() != here, ++hits; });
    parallel_for(100000, 1, [&](int64_t, int64_t) { elsewhere += std::this_thread::get_id() != here; });
  });
  EXPECT_EQ(elsewhere, 0);
  EXPECT_EQ(hits, 24);
}

TEST(Parallel, AnExceptionLeavesTheDoorOpen) {
  Threads threads(3);
  auto fail = [] { parallel_team(3, [](int) { throw std::bad_alloc(); }); };
  EXPECT_THROW(fail(), std::bad_alloc);
  std::atomic<int> hits{0};
  std::thread::id caller = std::this_thread::get_id();
  std::atomic<int> on_others{0};
  parallel_team(3, [&](int) {
    ++hits;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    on_others += std::this_thread::get_id() != caller;
  });
  EXPECT_EQ(hits, 3);
  EXPECT_GT(on_others, 0) << "a thread that threw counts as inside no longer";
}

TEST(Parallel, ManyCallersTakeTurns) {
  Threads threads(3);
  std::atomic<int> inside{0}, most{0}, hits{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 6; ++c) {
    callers.emplace_back([&] {
      for (int job = 0; job < 200; ++job) {
        parallel_team(3, [&](int) {
          int now = ++inside, seen = most;
          while (now > seen && !most.compare_exchange_weak(seen, now)) {
          }
          ++hits;
          --inside;
        });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(hits, 6 * 200 * 3);
  EXPECT_LE(most, 3);
}

TEST(Parallel, FollowsTheNumberOfThreads) {
  Threads restore(1);
  for (int n : {1, 4, 2, 6}) {
    set_num_threads(n);
    std::atomic<int> hits{0};
    parallel_team(12, [&](int) { ++hits; });
    EXPECT_EQ(hits, 12) << n << " threads";
  }
}

TEST(Parallel, PartitionAndSumsRepeatToTheBit) {
  Threads threads(3);
  std::vector<float> terms(100003);
  for (size_t i = 0; i < terms.size(); ++i) terms[i] = 1.0f / static_cast<float>(i + 1);
  auto sum = [&] {
    std::vector<float> partial(terms.size(), 0);
    parallel_for(static_cast<int64_t>(terms.size()), 64, [&](int64_t begin, int64_t end) {
      partial[static_cast<size_t>(begin)] = std::accumulate(terms.begin() + begin, terms.begin() + end, 0.0f);
    });
    return std::accumulate(partial.begin(), partial.end(), 0.0f);
  };
  float first = sum();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(sum(), first);
}

}  // namespace
}  // namespace malmoi
