// A grammar as states over bytes: what matchers run on.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "grammar/grammar.h"

namespace malmoi::grammar {

enum class StateKind : uint8_t {
  kBytes,   // reads one byte by one of its edges
  kSplit,   // goes on at every target
  kCall,    // reads the rule `target`, then goes on at `next`
  kEnter,   // begins a counted loop: the frame's count is 0, on to the head `next`
  kHead,    // the loop's choice: the body `target` (while the count is below max), or `next` (from min on)
  kBack,    // the end of a body: counts, on to the head `next`
  kAccept,  // the rule is read
};

struct State {
  StateKind kind = StateKind::kAccept;
  int32_t first = 0, count = 0;  // of edges or targets
  int32_t next = -1, target = -1;
  int32_t min = 0, max = 0;  // of a loop
};

/// One byte of first .. last leads to the state `next`. The edges of a state share no byte.
struct Edge {
  uint8_t first, last;
  int32_t next;
};

/// Every rule has states of its own; a rule that is called has a frame with one count, so that `x{1,1000000}` takes no
/// more room than `x*`. Immutable.
class Automaton {
 public:
  /// Errors: those of Grammar::analyse(), and a grammar of more than kMaxStates.
  static Result<Automaton> compile(const Grammar& grammar);

  const State& state(int32_t id) const { return states_[static_cast<size_t>(id)]; }
  std::span<const Edge> edges(const State& state) const {
    return {edges_.data() + state.first, static_cast<size_t>(state.count)};
  }
  std::span<const int32_t> targets(const State& state) const {
    return {targets_.data() + state.first, static_cast<size_t>(state.count)};
  }
  int32_t start_of(int32_t rule) const { return starts_[static_cast<size_t>(rule)]; }
  int32_t start() const { return starts_[static_cast<size_t>(root_)]; }
  size_t size() const { return states_.size(); }

 private:
  friend class AutomatonCompiler;

  std::vector<State> states_;
  std::vector<Edge> edges_;
  std::vector<int32_t> targets_;
  std::vector<int32_t> starts_;  // by rule
  int32_t root_ = -1;
};

}  // namespace malmoi::grammar
