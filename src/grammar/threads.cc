#include "grammar/threads.h"

#include <algorithm>
#include <bit>
#include <tuple>

#include "grammar/limits.h"

namespace malmoi::grammar {
namespace {

constexpr size_t kSearchedUpTo = 16;  // items that are compared one by one

uint64_t mixed(int32_t first, int32_t second, int32_t third) {
  uint64_t hash = static_cast<uint32_t>(first) * 0x9E3779B97F4A7C15u;
  hash = (hash ^ (hash >> 32) ^ static_cast<uint32_t>(second)) * 0xD6E8FEB86659FD93u;
  hash = (hash ^ (hash >> 32) ^ static_cast<uint32_t>(third)) * 0x9E3779B97F4A7C15u;
  return hash ^ (hash >> 29);
}

}  // namespace

size_t Stacks::slot_of(const Frame& frame) const {
  size_t slot = mixed(frame.state, frame.count, frame.parent) & (slots_.size() - 1);
  while (slots_[slot] >= 0) {
    const Frame& other = top(slots_[slot]);
    if (other.state == frame.state && other.count == frame.count && other.parent == frame.parent) break;
    slot = (slot + 1) & (slots_.size() - 1);
  }
  return slot;
}

void Stacks::grow() {
  slots_.assign(slots_.empty() ? 16 : 2 * slots_.size(), -1);
  for (size_t i = 0; i < frames_.size(); ++i) slots_[slot_of(frames_[i])] = static_cast<int32_t>(i);
}

int32_t Stacks::push(int32_t state, int32_t count, int32_t parent) {
  const int32_t depth = parent == kBottom ? 1 : top(parent).depth + 1;
  if (depth > kMaxDepth) return kTooDeep;
  if (2 * (frames_.size() + 1) > slots_.size()) grow();
  const Frame frame{state, count, parent, depth};
  int32_t& slot = slots_[slot_of(frame)];
  if (slot < 0) {
    slot = static_cast<int32_t>(frames_.size());
    frames_.push_back(frame);
  }
  return slot;
}

void Closure::add_stepped(std::span<const Thread> threads, uint8_t byte) {
  for (const Thread& thread : threads) {
    ++work_;
    for (const Edge& edge : automaton_.edges(automaton_.state(thread.state))) {
      if (byte < edge.first || byte > edge.last) continue;
      add(edge.next, thread.count, thread.stack);
      break;
    }
  }
}

void Closure::grow_seen() {
  seen_.assign(std::bit_ceil(4 * visited_.size()), -1);
  for (size_t i = 0; i < visited_.size(); ++i) {
    const Item& item = visited_[i];
    size_t slot = mixed(item.thread.state, item.thread.count, item.thread.stack) & (seen_.size() - 1);
    while (seen_[slot] >= 0) slot = (slot + 1) & (seen_.size() - 1);
    seen_[slot] = static_cast<int32_t>(i);
  }
}

bool Closure::is_new(const Item& item) {
  if (visited_.size() < kSearchedUpTo) {
    if (std::find(visited_.begin(), visited_.end(), item) != visited_.end()) return false;
    visited_.push_back(item);
    return true;
  }
  if (seen_.size() < 2 * visited_.size() + 2) grow_seen();
  size_t slot = mixed(item.thread.state, item.thread.count, item.thread.stack) & (seen_.size() - 1);
  while (seen_[slot] >= 0) {
    if (visited_[static_cast<size_t>(seen_[slot])] == item) return false;
    slot = (slot + 1) & (seen_.size() - 1);
  }
  seen_[slot] = static_cast<int32_t>(visited_.size());
  visited_.push_back(item);
  return true;
}

void Closure::follow(const Item& item, Stacks& stacks, Threads& out) {
  const int32_t count = item.thread.count, stack = item.thread.stack;
  const State& state = automaton_.state(item.thread.state);
  auto on = [&](int32_t next, int32_t new_count, bool fresh) { open_.push_back({{next, new_count, stack}, fresh}); };
  switch (state.kind) {
    case StateKind::kBytes: out.alive.push_back(item.thread); return;
    case StateKind::kSplit:
      for (int32_t target : automaton_.targets(state)) on(target, count, item.fresh);
      return;
    case StateKind::kCall: {
      // Who only returns needs no frame: recursion at a rule's end takes no room.
      const bool last = automaton_.state(state.next).kind == StateKind::kAccept;
      const int32_t pushed = last ? stack : stacks.push(state.next, count, stack);
      if (pushed == Stacks::kTooDeep) out.too_deep = true;
      else open_.push_back({{automaton_.start_of(state.target), 0, pushed}, item.fresh});
      return;
    }
    case StateKind::kEnter: on(state.next, 0, item.fresh); return;
    case StateKind::kHead:
      if (state.max == kUnbounded || count < state.max) on(state.target, count, true);
      if (count >= state.min) on(state.next, 0, item.fresh);
      return;
    case StateKind::kBack: {
      if (item.fresh) return;  // an empty round changes nothing
      const State& head = automaton_.state(state.next);
      // Without an upper end, what is above the lower one is all the same.
      on(state.next, head.max == kUnbounded ? std::min(count + 1, head.min) : count + 1, false);
      return;
    }
    case StateKind::kAccept:
      if (stack == kBottom) {
        out.ended = true;
        return;
      }
      const Frame& frame = stacks.top(stack);
      open_.push_back({{frame.state, frame.count, frame.parent}, item.fresh});
      return;
  }
}

void Closure::run(Stacks& stacks, Threads& out) {
  out.alive.clear();
  out.ended = out.too_deep = out.too_many = false;
  visited_.clear();
  seen_.clear();
  while (!open_.empty()) {
    const Item item = open_.back();
    open_.pop_back();
    ++work_;
    if (!is_new(item)) continue;
    // Readings pass through a few states each.
    if (visited_.size() > 8 * kMaxThreads || out.alive.size() > kMaxThreads) {
      out.too_many = true;
      open_.clear();
      break;
    }
    follow(item, stacks, out);
  }
  std::sort(out.alive.begin(), out.alive.end(), [](const Thread& a, const Thread& b) {
    return std::tie(a.stack, a.state, a.count) < std::tie(b.stack, b.state, b.count);
  });
  out.alive.erase(std::unique(out.alive.begin(), out.alive.end()), out.alive.end());
}

}  // namespace malmoi::grammar
