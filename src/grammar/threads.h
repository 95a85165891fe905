// The readings of a text that are alive: each a state, the count of its loop, and a stack of frames to return to.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "grammar/automaton.h"

namespace malmoi::grammar {

constexpr int32_t kBottom = -1;  // the stack without frames

/// Where a rule returns to: the state behind its call, with the count that the caller's loop had.
struct Frame {
  int32_t state, count, parent;
  int32_t depth;
};

/// Frames that never change and share what is below them. Two stacks are equal exactly where their numbers are.
class Stacks {
 public:
  /// The stack with one more frame, or -2 where it would be deeper than kMaxDepth.
  int32_t push(int32_t state, int32_t count, int32_t parent);
  static constexpr int32_t kTooDeep = -2;

  const Frame& top(int32_t stack) const { return frames_[static_cast<size_t>(stack)]; }
  size_t size() const { return frames_.size(); }

 private:
  size_t slot_of(const Frame& frame) const;
  void grow();

  std::vector<Frame> frames_;
  std::vector<int32_t> slots_;  // an open hash table of frames_; at most half full
};

struct Thread {
  int32_t state, count, stack;
  auto operator<=>(const Thread&) const = default;
};

/// What a set of threads becomes: all at states that read a byte, sorted by stack, each once.
struct Threads {
  std::vector<Thread> alive;
  bool ended = false;     // one has returned below the bottom: its text is whole
  bool too_deep = false;  // those with more than kMaxDepth frames are missing
  bool too_many = false;  // there are more than kMaxThreads: some are missing
};

/// Follows threads through all states that read nothing. `add` some, then `run`. One thread.
class Closure {
 public:
  explicit Closure(const Automaton& automaton) : automaton_(automaton) {}

  void add(int32_t state, int32_t count, int32_t stack) { open_.push_back({{state, count, stack}, false}); }
  /// Adds what `threads` become by a byte.
  void add_stepped(std::span<const Thread> threads, uint8_t byte);
  void run(Stacks& stacks, Threads& out);
  /// States visited so far.
  int64_t work() const { return work_; }

 private:
  struct Item {
    Thread thread;
    bool fresh;  // a counted loop's body was begun, and nothing read since
    bool operator==(const Item&) const = default;
  };

  bool is_new(const Item& item);
  void grow_seen();
  void follow(const Item& item, Stacks& stacks, Threads& out);

  const Automaton& automaton_;
  std::vector<Item> open_;
  std::vector<Item> visited_;
  std::vector<int32_t> seen_;  // an open hash table of visited_, once there are many
  int64_t work_ = 0;
};

}  // namespace malmoi::grammar
