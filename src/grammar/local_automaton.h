// Sets of readings over an unknown stack, made as they are met: one table look-up a byte.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/key_index.h"
#include "grammar/threads.h"

namespace malmoi::grammar {

/// A set of threads whose stacks begin at an unknown place. Its number says everything about what it reads next, in every
/// answer: what is found out about one is true wherever it stands. `returns`: some thread has left the frame that the set
/// began in, and goes on in what the place is. One thread at a time.
class LocalAutomaton {
 public:
  static constexpr int32_t kDead = -1;      // no thread is left, and none has returned; or there are too many of them
  static constexpr int32_t kExceeded = -2;  // too much work

  explicit LocalAutomaton(const Automaton& automaton) : automaton_(automaton), closure_(automaton) {}

  /// The set of these threads, whose stacks are taken for the unknown place.
  int32_t set_of(std::span<const Thread> threads);
  /// What a frame that is returned to goes on with; kExceeded where that is too much.
  int32_t enter(int32_t state, int32_t count);
  /// By one byte.
  int32_t step(int32_t set, uint8_t byte) {
    const Row* row = sets_[static_cast<size_t>(set)].row.get();
    const int32_t next = row ? (*row)[byte] : kUnknown;
    return next == kUnknown ? fill(set, byte) : next;
  }
  bool returns(int32_t set) const { return sets_[static_cast<size_t>(set)].returns; }
  bool is_alive(int32_t set) const { return sets_[static_cast<size_t>(set)].alive; }

  /// Steps since the last call of begin(); beyond kMaxTokenWork everything new is kExceeded.
  void begin() { work_begin_ = closure_.work(); }
  int64_t work() const { return closure_.work(); }
  /// Whether some set is kDead because it had too many threads, or too deep ones.
  bool met_limit() const { return met_limit_; }
  /// Bytes that it takes, about.
  size_t bytes() const { return bytes_ + stacks_.size() * kBytesOfFrame; }
  void clear();

 private:
  static constexpr int32_t kUnknown = -3;
  static constexpr size_t kBytesOfFrame = 2 * sizeof(Frame);  // with its place in a table
  using Row = std::array<int32_t, 256>;
  struct Set {
    std::vector<Thread> threads;  // sorted; a last one of state -1 where it returns: the key of the index
    std::unique_ptr<Row> row;
    bool returns, alive;
  };

  int32_t fill(int32_t set, uint8_t byte);
  int32_t closed();
  int32_t intern(std::vector<Thread> threads, bool returns);
  std::span<const Thread> threads_of(int32_t set) const;
  bool is_exhausted() const;

  const Automaton& automaton_;
  Closure closure_;
  Stacks stacks_;
  Threads threads_;  // for closed(): kept for its room
  std::vector<Set> sets_;
  KeyIndex index_;
  std::unordered_map<uint64_t, int32_t> entered_;
  size_t bytes_ = 0;
  int64_t work_begin_ = 0;
  bool met_limit_ = false;
};

}  // namespace malmoi::grammar
