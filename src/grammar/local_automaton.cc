#include "grammar/local_automaton.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "grammar/limits.h"

namespace malmoi::grammar {
namespace {

constexpr Thread kReturned{-1, 0, 0};  // behind the threads of a set that returns

std::string_view key_of(const std::vector<Thread>& threads) {
  return {reinterpret_cast<const char*>(threads.data()), threads.size() * sizeof(Thread)};
}

}  // namespace

bool LocalAutomaton::is_exhausted() const {
  // A mask in the making may take as much again as what starts a new cache.
  return closure_.work() - work_begin_ > kMaxTokenWork || bytes() > 2 * kMaxCacheBytes;
}

std::span<const Thread> LocalAutomaton::threads_of(int32_t set) const {
  const Set& one = sets_[static_cast<size_t>(set)];
  return std::span(one.threads).first(one.threads.size() - (one.returns ? 1 : 0));
}

int32_t LocalAutomaton::intern(std::vector<Thread> threads, bool returns) {
  if (threads.empty() && !returns) return kDead;
  const bool alive = !threads.empty();
  if (returns) threads.push_back(kReturned);
  auto key_at = [this](size_t i) { return key_of(sets_[i].threads); };
  const size_t found = index_.find(key_of(threads), sets_.size(), key_at);
  if (found < sets_.size()) return static_cast<int32_t>(found);
  index_.add(key_of(threads), found, key_at);
  bytes_ += sizeof(Set) + threads.size() * sizeof(Thread) + 64;
  sets_.push_back({std::move(threads), nullptr, returns, alive});
  return static_cast<int32_t>(found);
}

int32_t LocalAutomaton::closed() {
  closure_.run(stacks_, threads_);
  // As a reading would fail there: such tokens are not allowed.
  if (threads_.too_many || threads_.too_deep) {
    met_limit_ = true;
    return kDead;
  }
  return intern(threads_.alive, threads_.ended);
}

int32_t LocalAutomaton::set_of(std::span<const Thread> threads) {
  std::vector<Thread> local(threads.begin(), threads.end());
  for (Thread& thread : local) thread.stack = kBottom;
  return intern(std::move(local), false);
}

int32_t LocalAutomaton::enter(int32_t state, int32_t count) {
  const uint64_t key = static_cast<uint64_t>(static_cast<uint32_t>(state)) << 32 | static_cast<uint32_t>(count);
  if (auto known = entered_.find(key); known != entered_.end()) return known->second;
  if (is_exhausted()) return kExceeded;
  closure_.add(state, count, kBottom);
  return entered_.emplace(key, closed()).first->second;
}

// All bytes that the same edges read lead to the same set: a row is filled in stretches.
int32_t LocalAutomaton::fill(int32_t set, uint8_t byte) {
  if (is_exhausted()) return kExceeded;
  int first = 0, last = 255;
  for (const Thread& thread : threads_of(set)) {
    for (const Edge& edge : automaton_.edges(automaton_.state(thread.state))) {
      if (edge.first > byte) last = std::min<int>(last, edge.first - 1);
      else first = std::max<int>(first, edge.first);
      if (edge.last < byte) first = std::max<int>(first, edge.last + 1);
      else last = std::min<int>(last, edge.last);
    }
  }
  closure_.add_stepped(threads_of(set), byte);
  const int32_t next = closed();
  std::unique_ptr<Row>& row = sets_[static_cast<size_t>(set)].row;
  if (!row) {
    row = std::make_unique<Row>();
    row->fill(kUnknown);
    bytes_ += sizeof(Row);
  }
  std::fill(row->begin() + first, row->begin() + last + 1, next);
  return next;
}

void LocalAutomaton::clear() {
  stacks_ = {};
  sets_.clear();
  index_.clear();
  entered_.clear();
  bytes_ = 0;
}

}  // namespace malmoi::grammar
