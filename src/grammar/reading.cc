#include "grammar/reading.h"

#include <algorithm>
#include <string>
#include <utility>

#include "grammar/limits.h"

namespace malmoi::grammar {

Reading::Reading(const Automaton& automaton) {
  Closure closure(automaton);
  closure.add(automaton.start(), 0, kBottom);
  Stacks stacks;
  Threads begun;
  closure.run(stacks, begun);
  if (begun.too_many || begun.too_deep) fail(begun.too_many ? Limit::kThreads : Limit::kDepth);
  else settle(stacks, std::move(begun.alive));
  can_end_ = begun.ended && limit_ == Limit::kNone;
}

bool Reading::fail(Limit limit) {
  limit_ = limit;
  threads_.clear();
  stacks_ = {};
  can_end_ = false;
  return false;
}

// Keeps the frames that the threads stand on alone, so that what was left behind takes no room.
void Reading::settle(const Stacks& from, std::vector<Thread> threads) {
  Stacks kept;
  std::vector<int32_t> moved(from.size(), kBottom);
  std::vector<int32_t> path;
  for (Thread& thread : threads) {
    int32_t stack = thread.stack;
    for (; stack != kBottom && moved[static_cast<size_t>(stack)] == kBottom; stack = from.top(stack).parent)
      path.push_back(stack);
    int32_t below = stack == kBottom ? kBottom : moved[static_cast<size_t>(stack)];
    for (; !path.empty(); path.pop_back()) {
      const Frame& frame = from.top(path.back());
      below = kept.push(frame.state, frame.count, below);
      moved[static_cast<size_t>(path.back())] = below;
    }
    thread.stack = below;
  }
  std::sort(threads.begin(), threads.end(),
            [](const Thread& a, const Thread& b) { return a.stack != b.stack ? a.stack < b.stack : a < b; });
  stacks_ = std::move(kept);
  threads_ = std::move(threads);
}

bool Reading::read(const Automaton& automaton, std::string_view bytes) {
  if (bytes.empty()) return limit_ == Limit::kNone;
  Closure closure(automaton);
  Stacks stacks = stacks_;
  Threads now;
  now.alive = threads_;
  for (char byte : bytes) {
    closure.add_stepped(now.alive, static_cast<uint8_t>(byte));
    closure.run(stacks, now);
    if (now.too_many) return fail(Limit::kThreads);
    if (now.too_deep) return fail(Limit::kDepth);
    if (now.alive.empty() && !now.ended) return false;
  }
  settle(stacks, std::move(now.alive));
  can_end_ = now.ended;
  return true;
}

Status Reading::status() const {
  switch (limit_) {
    case Limit::kNone: return {};
    case Limit::kDepth:
      return unsupported("an answer nested deeper than " + std::to_string(kMaxDepth) + " rules", "grammar",
                         "ask for one that is less deep");
    case Limit::kThreads:
      return unsupported("a text that can be read in more than " + std::to_string(kMaxThreads) + " ways", "grammar",
                         "make the grammar less ambiguous");
  }
  return {};
}

bool matches(const Automaton& automaton, std::string_view text) {
  Reading reading(automaton);
  return reading.read(automaton, text) && reading.can_end();
}

std::optional<bool> matches_within(const Automaton& automaton, std::string_view text, int64_t& steps, int64_t most) {
  Closure closure(automaton);
  Stacks stacks;
  Threads now;
  const int64_t before = steps;
  auto settled = [&] {
    closure.run(stacks, now);
    steps = before + closure.work();
    return steps <= most && !now.too_many && !now.too_deep;
  };
  closure.add(automaton.start(), 0, kBottom);
  if (!settled()) return {};
  for (char byte : text) {
    closure.add_stepped(now.alive, static_cast<uint8_t>(byte));
    if (!settled()) return {};
    if (now.alive.empty() && !now.ended) return false;
  }
  return now.ended;
}

}  // namespace malmoi::grammar
