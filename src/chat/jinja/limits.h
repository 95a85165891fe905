// What rendering a template may cost, and the counter that says when it is too much.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"

namespace malmoi::chat::jinja {

/// Far above what conversations need, far below what harms: a hostile template stops within a second or two.
struct Limits {
  uint64_t steps = 20'000'000;        // an expression, a statement, an item, or 64 bytes copied
  size_t memory = size_t{256} << 20;  // bytes of all values alive
  int calls = 200;                    // macros and recursive loops within each other
  size_t stack = size_t{2} << 20;     // bytes of the calling thread's stack
  int depth = 400;                    // lists and dicts within each other
  uint64_t values = 4'000'000;        // in one list or dict, counted wherever they stand
};

/// Steps and bytes of one rendering. What goes over a limit is noticed by check(), which the interpreter calls at every
/// step; until then a value may be made that is a little too much. One thread.
class Budget {
 public:
  explicit Budget(const Limits& limits) : limits_(limits), base_(stack_position()) {}

  void step(uint64_t count = 1) { steps_ += count; }
  void take(size_t bytes) { bytes_ += bytes; }
  void give(size_t bytes) { bytes_ -= bytes; }
  /// Whether a value may hold values so deep in each other, and so many; where not, the budget is spent.
  bool holds(int depth, uint64_t values) {
    too_deep_ = too_deep_ || depth >= limits_.depth;
    too_many_ = too_many_ || values > limits_.values;
    return !too_deep_ && !too_many_;
  }
  const Limits& limits() const { return limits_; }

  /// Errors: what was exceeded, and by which limit.
  Status check() const {
    if (steps_ <= limits_.steps && bytes_ <= limits_.memory && !too_deep_ && !too_many_) return {};
    return exceeded();
  }
  /// Whether `count` pieces of `bytes` would still fit; asked before much is made at once.
  Status room(size_t bytes, size_t count = 1) const;
  /// Whether another level of recursion fits the thread's stack.
  Status stack() const;

 private:
  static uintptr_t stack_position() { return reinterpret_cast<uintptr_t>(__builtin_frame_address(0)); }
  Error exceeded() const;

  Limits limits_;
  uintptr_t base_;
  uint64_t steps_ = 0;
  size_t bytes_ = 0;
  bool too_deep_ = false, too_many_ = false;
};

/// Bytes that a value holds for as long as it lives. Without a budget (constants of a template): none.
class Charge {
 public:
  Charge() = default;
  Charge(Budget& budget, size_t bytes) : budget_(&budget), bytes_(bytes) { budget.take(bytes); }
  Charge(Charge&& other) noexcept : budget_(std::exchange(other.budget_, nullptr)), bytes_(other.bytes_) {}
  Charge& operator=(Charge&&) = delete;
  ~Charge() {
    if (budget_) budget_->give(bytes_);
  }
  /// More of it: of something that grows.
  void add(size_t bytes) {
    if (!budget_) return;
    budget_->take(bytes);
    bytes_ += bytes;
  }

 private:
  Budget* budget_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace malmoi::chat::jinja
