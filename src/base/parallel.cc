#include "base/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#ifdef MALMOI_HAVE_OPENMP
#include <omp.h>
#endif

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

std::mutex& compute_door() {
  static std::mutex door;
  return door;
}

thread_local bool inside_compute = false;

}  // namespace

int num_threads() { return thread_count().load(std::memory_order_relaxed); }

void set_num_threads(int n) {
  thread_count().store(std::clamp(n, 1, 1024), std::memory_order_relaxed);
#ifdef MALMOI_HAVE_OPENMP
  omp_set_num_threads(num_threads());
#endif
}

namespace detail {

void run_team(int workers, void (*body)(void*, int), void* context) {
  if (workers <= 1 || inside_compute) {
    for (int w = 0; w < workers; ++w) body(context, w);
    return;
  }
  // libgomp keeps a team for each calling thread; one at a time keeps it at one team of one size.
  std::lock_guard lock(compute_door());
#ifdef MALMOI_HAVE_OPENMP
#pragma omp parallel num_threads(workers)
  {
    inside_compute = true;
    for (int w = omp_get_thread_num(); w < workers; w += omp_get_num_threads()) body(context, w);
    inside_compute = false;
  }
#else
  std::vector<std::thread> team;
  team.reserve(static_cast<size_t>(workers - 1));
  auto run = [&](int w) {
    inside_compute = true;
    body(context, w);
    inside_compute = false;
  };
  for (int w = 1; w < workers; ++w) team.emplace_back(run, w);
  run(0);
  for (std::thread& t : team) t.join();
#endif
}

void run_parallel(int64_t n, int64_t grain, void (*body)(void*, int64_t, int64_t), void* context) {
  if (n <= 0) return;
  grain = std::max<int64_t>(grain, 1);
  int workers = static_cast<int>(std::min<int64_t>(num_threads(), (n + grain - 1) / grain));
  if (workers <= 1 || inside_compute) {
    body(context, 0, n);
    return;
  }
  struct Range {
    void (*body)(void*, int64_t, int64_t);
    void* context;
    int64_t n;
    int workers;
  } range{body, context, n, workers};
  run_team(
      workers,
      [](void* c, int w) {
        auto& r = *static_cast<Range*>(c);
        int64_t begin = r.n * w / r.workers, end = r.n * (w + 1) / r.workers;
        if (begin < end) r.body(r.context, begin, end);
      },
      &range);
}

}  // namespace detail
}  // namespace malmoi
