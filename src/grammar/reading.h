// How far a text has come in a grammar, byte by byte.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "grammar/threads.h"

namespace malmoi::grammar {

/// A value: copies go on apart, and cost what its few threads and frames take. It must be used with the automaton that it
/// began with. One thread.
class Reading {
 public:
  explicit Reading(const Automaton& automaton);

  /// Goes on by these bytes; false where no text of the grammar does: then nothing changes, unless a limit was met.
  bool read(const Automaton& automaton, std::string_view bytes);
  /// Whether what was read is a whole text of the grammar.
  bool can_end() const { return can_end_; }
  /// Whether more can be read.
  bool can_go_on() const { return !threads_.empty(); }
  /// An error where a limit was met (kMaxDepth, kMaxThreads): nothing can be read any more.
  Status status() const;

  /// Sorted by their stacks.
  const std::vector<Thread>& threads() const { return threads_; }
  const Stacks& stacks() const { return stacks_; }

 private:
  enum class Limit : uint8_t { kNone, kDepth, kThreads };

  void settle(const Stacks& from, std::vector<Thread> threads);
  bool fail(Limit limit);

  Stacks stacks_;
  std::vector<Thread> threads_;
  bool can_end_ = false;
  Limit limit_ = Limit::kNone;
};

/// Whether the whole text is one of the grammar.
bool matches(const Automaton& automaton, std::string_view text);
/// The same; nothing where it takes more than `most` steps in all, which count on in `steps`, or a limit was met.
std::optional<bool> matches_within(const Automaton& automaton, std::string_view text, int64_t& steps, int64_t most);

}  // namespace malmoi::grammar
