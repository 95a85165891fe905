#include "base/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>

#include "base/fair_lock.h"
#include "base/team.h"

namespace malmoi {
namespace {

int default_threads() {
  if (const char* text = std::getenv("MALMOI_THREADS")) {
    int n = std::atoi(text);
    if (n > 0) return std::min(n, 1024);
  }
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

std::atomic<int>& thread_count() {
  static std::atomic<int> count{default_threads()};
  return count;
}

/// One caller computes at a time: two teams would get in each other's way. Threads that compute without end (engines of
/// several models) take turns.
struct Door {
  FairLock turn;
  std::unique_ptr<Team> team;
  int size = 0;  // that was asked for
};

Door& compute_door() {
  static Door* door = new Door;  // never destroyed: threads may still compute at exit
  return *door;
}

thread_local bool inside_compute = false;
thread_local int thread_number = 0;

/// Marks this thread as computing, so that what it calls runs inline.
struct Inside {
  explicit Inside(int thread) {
    inside_compute = true;
    thread_number = thread;
  }
  ~Inside() {
    inside_compute = false;
    thread_number = 0;
  }
};

struct Work {
  void (*body)(void*, int);
  void* context;
};

}  // namespace

int num_threads() { return thread_count().load(std::memory_order_relaxed); }

void set_num_threads(int n) { thread_count().store(std::clamp(n, 1, 1024), std::memory_order_relaxed); }

int compute_thread() { return thread_number; }

namespace detail {

void run_team(int workers, void (*body)(void*, int), void* context) {
  int threads = num_threads();
  if (workers <= 1 || threads <= 1 || inside_compute) {
    for (int w = 0; w < workers; ++w) body(context, w);
    return;
  }
  Door& door = compute_door();
  std::lock_guard lock(door.turn);
  if (!door.team || door.size != threads) {
    door.team.reset();
    door.team = std::make_unique<Team>(threads);
    door.size = threads;
  }
  Work work{body, context};
  door.team->run(
      workers,
      [](void* c, int piece, int thread) {
        Inside inside(thread);
        auto& w = *static_cast<Work*>(c);
        w.body(w.context, piece);
      },
      &work);
}

void run_parallel(int64_t n, int64_t grain, void (*body)(void*, int64_t, int64_t), void* context) {
  // More ranges than threads: a thread that comes late or is taken off its core leaves the others something to do, and
  // seven threads of a team of eight are not as slow as four.
  constexpr int kRangesPerThread = 4;
  if (n <= 0) return;
  grain = std::max<int64_t>(grain, 1);
  int threads = num_threads();
  int ranges = static_cast<int>(std::min<int64_t>(int64_t{threads} * kRangesPerThread, (n + grain - 1) / grain));
  if (ranges <= 1 || threads <= 1 || inside_compute) {
    body(context, 0, n);
    return;
  }
  auto run_range = [&](int range) {
    int64_t begin = n * range / ranges, end = n * (range + 1) / ranges;
    if (begin < end) body(context, begin, end);
  };
  run_team(
      ranges, [](void* c, int range) { (*static_cast<decltype(run_range)*>(c))(range); }, &run_range);
}

}  // namespace detail
}  // namespace malmoi
