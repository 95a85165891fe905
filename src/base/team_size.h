// TeamSize: how many threads of a team take part while other programs use the cores, too.
#pragma once

#include <algorithm>

namespace malmoi {

/// Threads that share too few cores hold each other up: one that is off its core keeps a piece that all others wait for.
/// With one other program on two cores, one thread that is always there is faster than two that take turns.
///
/// What decides is measured: `useful`, the processor seconds spent on pieces (not on waiting for them), summed over the
/// team, for each second that passes. On cores of our own nothing is lost and nothing is tried. Where time is lost, fewer
/// threads are tried for a window, and kept if the last ones did not bring their part; from time to time one thread more
/// is tried in the same way, seldom while that fails.
class TeamSize {
 public:
  explicit TeamSize(int threads) : threads_(threads), active_(threads) {}

  /// Threads that take part, 1 to `threads`.
  int active() const { return active_; }

  /// Whether time was lost to other programs within the last half second: then it is better to sleep than to spin.
  bool crowded() const { return crowded_ > 0; }

  /// Seconds that a window should last: several turns of a scheduler.
  static constexpr double kWindow = 0.02;

  /// After a window: its seconds, the useful ones, and those in which a thread of the team could have run but had no core.
  void measured(double seconds, double useful, double lost) {
    double rate = useful / seconds;
    crowded_ = lost / seconds > kLost ? kCrowded : crowded_ - seconds;
    quiet_ += seconds;
    switch (trial_) {
      case Trial::kNone: begin_trial(rate, lost / seconds); break;
      case Trial::kFewer: end_trial(active_, standing_, rate, before_); break;
      case Trial::kMore: end_trial(standing_, active_, before_, rate); break;
    }
  }

 private:
  enum class Trial { kNone, kFewer, kMore };
  static constexpr double kCrowded = 0.5;                // seconds
  static constexpr double kLost = 0.1;                   // of a core: less is the system's own work
  static constexpr double kPart = 0.2;                   // of what the others bring each: a thread should bring that
  static constexpr double kPause = 0.1, kLongest = 0.8;  // seconds between trials

  void begin_trial(double rate, double lost) {
    bool rested = quiet_ >= pause_, fewer = active_ > 1 && lost > kLost, more = active_ < threads_;
    before_ = rate, standing_ = active_;
    if (fewer && (lowered_ || (rested && (!more || tried_more_)))) {
      // Two that take turns on a core lose half of it each.
      trial_ = Trial::kFewer;
      active_ -= std::clamp(static_cast<int>(2 * lost + 0.5), 1, std::max(1, active_ / 2));
    } else if (more && rested) {
      trial_ = Trial::kMore;
      ++active_;
    }
  }

  /// `fewer` threads ran at one rate, `more` at another.
  void end_trial(int fewer, int more, double rate_of_fewer, double rate_of_more) {
    bool worth = rate_of_more >= rate_of_fewer * (1 + kPart * (more - fewer) / fewer);
    bool as_before = worth == (trial_ == Trial::kFewer);
    lowered_ = trial_ == Trial::kFewer && !worth;
    tried_more_ = trial_ == Trial::kMore;
    pause_ = as_before ? std::min(2 * pause_, kLongest) : kPause;
    active_ = worth ? more : fewer;
    trial_ = Trial::kNone;
    quiet_ = 0;
  }

  int threads_, active_;
  Trial trial_ = Trial::kNone;
  double before_ = 0;   // the rate before a trial,
  int standing_ = 0;    // and the threads
  double crowded_ = 0;  // seconds to go
  double quiet_ = kPause, pause_ = kPause;
  bool lowered_ = false;     // the last trial was right to lower: the next may follow at once
  bool tried_more_ = false;  // the last trial was of one thread more: now one fewer has its turn, if time is lost
};

}  // namespace malmoi
