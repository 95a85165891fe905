// parallel_for: the only door to compute threads (base/team.h).
#pragma once

#include <cstddef>
#include <cstdint>

namespace malmoi {

/// The number of compute threads; at first MALMOI_THREADS or the cores this process may use.
int num_threads();
/// Sets it for all later work. Not while work runs.
void set_num_threads(int n);
/// Which of the num_threads() threads this one is, while it computes; else 0. Two bodies that run at once have two
/// numbers: it finds scratch, and must decide nothing else.
int compute_thread();

namespace detail {
void run_parallel(int64_t n, int64_t grain, void (*body)(void*, int64_t, int64_t), void* context);
void run_team(int workers, void (*body)(void*, int), void* context);
}  // namespace detail

/// Calls body(begin, end) over a partition of [0, n) into contiguous ranges of at least `grain`, a few for each thread.
/// The partition depends only on n, grain and num_threads(), so reductions by range are deterministic. Nested calls
/// run inline. One thread enters compute at a time; others wait for their turn (base/fair_lock.h). What `body` throws, the caller gets (base/team.h).
template <typename Body>
void parallel_for(int64_t n, int64_t grain, const Body& body) {
  detail::run_parallel(
      n, grain, [](void* c, int64_t b, int64_t e) { (*static_cast<const Body*>(c))(b, e); }, const_cast<Body*>(&body));
}

/// Calls body(worker) once for each worker 0..workers-1, for hand-made schedules (work queues, tiles). At most
/// num_threads() run at once, so a worker must not wait for another one.
template <typename Body>
void parallel_team(int workers, const Body& body) {
  detail::run_team(
      workers, [](void* c, int w) { (*static_cast<const Body*>(c))(w); }, const_cast<Body*>(&body));
}

}  // namespace malmoi
