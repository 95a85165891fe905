// Team: the threads that compute together, made for machines that other programs use too.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <thread>
#include <vector>

#include "base/team_size.h"
#include "base/thread_time.h"

namespace malmoi {

/// Work comes in numbered pieces. Each thread has a home share of neighbouring pieces, so that the same thread meets the
/// same data from one kernel to the next, and takes from the others' shares when its own is empty: a thread that the system
/// has taken off its core holds up one piece, not a share. Who runs a piece is not determined; a piece must not ask.
///
/// A thread with nothing to do spins for a moment, since work often follows within microseconds, then sleeps in the
/// kernel. Where other programs leave too few cores it sleeps almost at once, and threads that would only hold up the
/// others stand aside (base/team_size.h).
class Team {
 public:
  using Body = void (*)(void* context, int piece, int thread);

  /// `threads` counts the caller of run(). Where the system gives fewer, the team is smaller.
  explicit Team(int threads);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /// Calls body(context, piece, thread) once for each piece of [0, pieces) and returns when all have returned. `thread`
  /// tells those of the team apart; the caller is 0. One caller at a time, and no piece may call it. When one throws, pieces that have not begun are left out, and the exception (the
  /// first one, if several) is thrown from here.
  void run(int pieces, Body body, void* context);

 private:
  /// Pieces [next, end) that nobody has begun: end in the upper half, next in the lower one.
  struct alignas(64) Share {
    std::atomic<uint64_t> range{0};
  };

  void work_until_stopped(int home);
  /// Runs pieces until none is left to begin.
  void take_pieces(int home);
  void run_piece(int piece, int thread);
  void wait_for_signal(uint32_t seen, ThreadTime& time);
  void wait_for_pieces();
  void stand_aside(int home);
  void add_up(ThreadTime& time, int64_t now);
  void begin_job();
  void end_job();
  void restart_window(int64_t now);
  void set_active(int threads);

  std::vector<std::thread> workers_;
  int share_count_;
  std::unique_ptr<Share[]> shares_;
  // The caller's own, in this window of time.
  TeamSize size_;
  ThreadTime caller_time_;
  const void* caller_ = nullptr;
  int64_t last_job_ = 0;  // when it ended
  // What the caller writes and the workers read.
  alignas(64) std::atomic<uint32_t> signal_{0};  // counts jobs
  Body body_ = nullptr;
  void* context_ = nullptr;
  std::atomic<bool> stopped_{false};
  std::atomic<uint32_t> active_;  // threads that take part
  std::atomic<int64_t> spin_{0};  // ns before sleep
  // What the workers write.
  alignas(64) std::atomic<uint32_t> unfinished_{0};  // pieces
  std::atomic<uint32_t> workers_asleep_{0};
  std::atomic<uint32_t> caller_asleep_{0};
  std::atomic<int64_t> useful_{0}, lost_{0};  // ns in this window, of all threads
  std::atomic<bool> failed_{false};
  std::exception_ptr failure_;
};

}  // namespace malmoi
