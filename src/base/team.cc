#include "base/team.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>
#include <utility>

namespace malmoi {
namespace {

// How long to spin before sleep. On cores of our own: longer than what a step does between two kernels. Among other
// programs hardly at all: a thread that spins away its turn is made to wait for the next one, while one that slept is
// let in as soon as it wakes (the same steps then take a third to a sixth of the time).
constexpr int64_t kSpin = 50'000, kCrowdedSpin = 2'000;  // ns
// After so long without a job, or within one, what was measured says nothing about the next: all threads take part again.
constexpr int64_t kPause = 50'000'000;  // ns
constexpr double kLongestWindow = 2;    // seconds
constexpr int64_t kAddUp = 1'000'000;   // ns between sums of a thread's time

/// Sleeps while `word` is `value`; may return sooner.
void sleep_on(std::atomic<uint32_t>& word, uint32_t value) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}

void wake(std::atomic<uint32_t>& word, int sleepers) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAKE_PRIVATE, sleepers, nullptr, nullptr, 0);
}

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Whether `ready` came true within `limit` ns.
template <typename Ready>
bool spin(ThreadTime& time, int64_t limit, const Ready& ready) {
  constexpr int kLooks = 32;  // between looks at the clock
  int64_t begin = now_ns(), now = begin;
  bool found = false;
  while (!found && now - begin < limit) {
    for (int i = 0; i < kLooks && !(found = ready()); ++i) pause();
    now = now_ns();
  }
  time.add_spun(now - begin);
  return found;
}

uint32_t next_of(uint64_t range) { return static_cast<uint32_t>(range); }
uint32_t end_of(uint64_t range) { return static_cast<uint32_t>(range >> 32); }

}  // namespace

Team::Team(int threads)
    : share_count_(std::max(threads, 1)),
      shares_(new Share[static_cast<size_t>(share_count_)]),
      size_(share_count_),
      active_(static_cast<uint32_t>(share_count_)) {
  workers_.reserve(static_cast<size_t>(share_count_ - 1));
  try {
    for (int home = 1; home < share_count_; ++home) workers_.emplace_back([this, home] { work_until_stopped(home); });
  } catch (const std::system_error&) {
    // No more threads are to be had: those that are here take the others' shares.
  }
}

Team::~Team() {
  stopped_ = true;
  ++signal_;
  wake(signal_, share_count_);
  active_ = static_cast<uint32_t>(share_count_ + 1);  // another value, so that those who stand aside wake
  wake(active_, share_count_);
  for (std::thread& worker : workers_) worker.join();
}

void Team::run(int pieces, Body body, void* context) {
  begin_job();
  body_ = body, context_ = context;
  unfinished_ = static_cast<uint32_t>(pieces);
  // Rounded up, so that the caller's share is never the empty one.
  auto first_of = [&](int64_t home) {
    return static_cast<uint64_t>((pieces * home + share_count_ - 1) / share_count_);
  };
  for (int home = 0; home < share_count_; ++home) {
    uint64_t range = first_of(home + 1) << 32 | first_of(home);
    shares_[static_cast<size_t>(home)].range.store(range, std::memory_order_release);
  }
  ++signal_;
  if (workers_asleep_ > 0) wake(signal_, pieces - 1);
  take_pieces(0);
  wait_for_pieces();
  end_job();
  if (failed_) {
    failed_ = false;
    std::rethrow_exception(std::exchange(failure_, nullptr));
  }
}

void Team::work_until_stopped(int home) {
  ThreadTime time;
  time.restart(now_ns());
  uint32_t seen = 0;
  while (true) {
    wait_for_signal(seen, time);
    seen = signal_;
    if (stopped_) return;
    if (static_cast<uint32_t>(home) < active_) {
      take_pieces(home);
    } else {
      stand_aside(home);
      time.restart(now_ns());
    }
  }
}

void Team::stand_aside(int home) {
  for (uint32_t active = active_; static_cast<uint32_t>(home) >= active; active = active_) {
    sleep_on(active_, active);
  }
}

void Team::take_pieces(int home) {
  uint32_t done = 0;
  for (int i = 0; i < share_count_; ++i) {
    std::atomic<uint64_t>& range = shares_[static_cast<size_t>((home + i) % share_count_)].range;
    while (true) {
      // Looked at first, so that what is empty is not written to. A share of the next job may stand here by the time of
      // the addition: then a piece of that job is taken, which is as good.
      uint64_t before = range.load(std::memory_order_relaxed);
      if (next_of(before) >= end_of(before)) break;
      before = range.fetch_add(1, std::memory_order_acquire);
      if (next_of(before) >= end_of(before)) break;
      run_piece(static_cast<int>(next_of(before)), home);
      ++done;
    }
  }
  if (done > 0 && unfinished_.fetch_sub(done) == done && caller_asleep_ > 0) wake(unfinished_, 1);
}

void Team::run_piece(int piece, int thread) {
  if (failed_.load(std::memory_order_relaxed)) return;
  try {
    body_(context_, piece, thread);
  } catch (...) {
    if (!failed_.exchange(true)) failure_ = std::current_exception();
  }
}

void Team::wait_for_signal(uint32_t seen, ThreadTime& time) {
  if (int64_t now = now_ns(); time.passed(now) >= kAddUp) add_up(time, now);
  if (spin(time, spin_, [&] { return signal_.load(std::memory_order_relaxed) != seen; })) return;
  int64_t begin = now_ns();
  ++workers_asleep_;
  while (signal_ == seen) sleep_on(signal_, seen);
  --workers_asleep_;
  time.add_slept(now_ns() - begin);
}

void Team::wait_for_pieces() {
  auto finished = [&] { return unfinished_.load(std::memory_order_acquire) == 0; };
  if (finished() || spin(caller_time_, spin_, finished)) return;
  int64_t begin = now_ns();
  caller_asleep_ = 1;
  while (uint32_t left = unfinished_) sleep_on(unfinished_, left);
  caller_asleep_ = 0;
  caller_time_.add_slept(now_ns() - begin);
}

void Team::add_up(ThreadTime& time, int64_t now) {
  ThreadTime::Sums sums = time.sums(now);
  useful_.fetch_add(sums.useful, std::memory_order_relaxed);
  lost_.fetch_add(sums.lost, std::memory_order_relaxed);
  time.restart(now);
}

void Team::begin_job() {
  static thread_local char self;
  int64_t now = now_ns();
  if (caller_ == &self && now - last_job_ < kPause) return;
  caller_ = &self;
  restart_window(now);
}

/// Now and then a window of time ends with a job, and may change the number of threads that take part.
void Team::end_job() {
  last_job_ = now_ns();
  double seconds = 1e-9 * static_cast<double>(caller_time_.passed(last_job_));
  if (seconds < TeamSize::kWindow) return;
  if (seconds > kLongestWindow) return restart_window(last_job_);
  add_up(caller_time_, last_job_);
  size_.measured(seconds, 1e-9 * static_cast<double>(useful_.exchange(0)),
                 1e-9 * static_cast<double>(lost_.exchange(0)));
  spin_ = size_.crowded() ? kCrowdedSpin : kSpin;
  set_active(size_.active());
}

void Team::restart_window(int64_t now) {
  size_ = TeamSize(share_count_);
  spin_ = kSpin;
  set_active(share_count_);
  useful_ = lost_ = 0;
  caller_time_.restart(now);
}

void Team::set_active(int threads) {
  auto wanted = static_cast<uint32_t>(threads);
  if (wanted == active_) return;
  active_ = wanted;
  wake(active_, share_count_);
}

}  // namespace malmoi
