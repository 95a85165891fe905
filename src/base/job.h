// How long work speaks with whoever asked for it: lines to show, and whether to stop. Nothing below `cli` logs or looks
// at a signal by itself, so that a program around the library decides both.
#pragma once

#include <algorithm>
#include <atomic>
#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace malmoi {

/// Whether the work should end: a cheap copy over the flag of a StopSource. One without a source never asks. Any thread.
class StopToken {
 public:
  StopToken() = default;
  bool requested() const { return flag_ && flag_->load(std::memory_order_relaxed); }
  /// An error of kind kCancelled once a stop is requested: `where: what; remedy`.
  Status check(std::string_view where = {}, std::string_view remedy = "run it again",
               std::string_view what = "stopped") const {
    if (!requested()) return {};
    return Error{ErrorCode::kCancelled, std::string(what), std::string(where), std::string(remedy)};
  }

 private:
  friend class StopSource;
  explicit StopToken(std::shared_ptr<const std::atomic<bool>> flag) : flag_(std::move(flag)) {}
  std::shared_ptr<const std::atomic<bool>> flag_;
};

/// The flag, held by whoever may stop the work. Any thread; `request` is safe in a signal handler.
class StopSource {
 public:
  StopToken token() const { return StopToken(flag_); }
  /// Returns whether a stop had been requested before.
  bool request() { return flag_->exchange(true); }
  /// Takes the request back, for the next piece of work.
  void clear() { *flag_ = false; }

 private:
  static_assert(std::atomic<bool>::is_always_lock_free, "set from a signal handler");
  std::shared_ptr<std::atomic<bool>> flag_ = std::make_shared<std::atomic<bool>>(false);
};

/// Where lines of text go; without a receiver, nowhere.
class LineReceiver {
 public:
  LineReceiver() = default;
  template <std::invocable<const std::string&> F>
  requires(!std::same_as<std::remove_cvref_t<F>, LineReceiver>) LineReceiver(F show)
      : show_(std::move(show)) {}  // NOLINT: implicit by design
  void operator()(const std::string& line) const {
    if (show_) show_(line);
  }
  bool present() const { return show_ != nullptr; }

 private:
  std::function<void(const std::string&)> show_;
};

using Message = LineReceiver;  // lines that stay
using Warn = LineReceiver;     // lines that stay and tell of something wrong that did not end the work

/// A text of several lines, one after the other.
inline void tell_lines(const Message& message, std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    message(std::string(text.substr(at, end - at)));
    at = end + 1;
  }
}

/// The live line: each call takes the place of the one before.
class Progress {
 public:
  Progress() = default;
  template <std::invocable<const std::string&> F>
  requires(!std::same_as<std::remove_cvref_t<F>, Progress>)
      Progress(F show, std::function<bool()> due = {})  // NOLINT: implicit by design
      : show_(std::move(show)), due_(std::move(due)) {}
  void operator()(const std::string& line) const { show_(line); }
  /// Whether a line now would be shown; work that is told of every document skips the formatting otherwise.
  bool due() const { return show_.present() && (!due_ || due_()); }

 private:
  LineReceiver show_;
  std::function<bool()> due_;
};

/// The only channel from work to its user, and the only way to cancel it. Receivers are called from one thread at a
/// time, not always the one that began the work. Job{} is silent and never stops.
struct Job {
  Progress progress;
  Message message;
  Warn warn;
  StopToken stop;
};

}  // namespace malmoi
