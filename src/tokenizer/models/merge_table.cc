#include "tokenizer/models/merge_table.h"

#include <algorithm>
#include <array>
#include <queue>
#include <unordered_map>

namespace malmoi::tokenizer {
namespace {

constexpr size_t kScanLimit = 64;
constexpr uint32_t kEnd = UINT32_MAX;

// Scans for the lowest rank after each merge: the fastest way while the piece is short.
void merge_by_scan(const MergeTable& table, std::vector<Symbol>& symbols) {
  std::array<MergeTable::Merge, kScanLimit> merges;
  size_t n = symbols.size();
  for (size_t i = 0; i + 1 < n; ++i) merges[i] = table.find(symbols[i].id, symbols[i + 1].id);
  while (n > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < n; ++i)
      if (merges[i].rank < merges[best].rank) best = i;
    if (merges[best].rank == MergeTable::kNoRank) break;
    symbols[best] = {merges[best].id, symbols[best].length + symbols[best + 1].length};
    std::copy(symbols.begin() + static_cast<ptrdiff_t>(best) + 2, symbols.begin() + static_cast<ptrdiff_t>(n),
              symbols.begin() + static_cast<ptrdiff_t>(best) + 1);
    --n;
    if (best + 1 < n) {
      std::copy(merges.begin() + best + 2, merges.begin() + n, merges.begin() + best + 1);
      merges[best] = table.find(symbols[best].id, symbols[best + 1].id);
    }
    if (best > 0) merges[best - 1] = table.find(symbols[best - 1].id, symbols[best].id);
  }
  symbols.resize(n);
}

// The positions whose pair has one rank, taken from left to right. Most come in order; those that do not wait in a heap.
class Bucket {
 public:
  bool empty() const { return next_ == in_order_.size() && late_.empty(); }
  void push(uint32_t at) {
    if (in_order_.empty() || in_order_.back() <= at) in_order_.push_back(at);
    else late_.push(at);
  }
  uint32_t pop() {
    if (late_.empty() || (next_ < in_order_.size() && in_order_[next_] < late_.top())) return in_order_[next_++];
    uint32_t at = late_.top();
    late_.pop();
    return at;
  }

 private:
  std::vector<uint32_t> in_order_;
  size_t next_ = 0;
  std::priority_queue<uint32_t, std::vector<uint32_t>, std::greater<>> late_;
};

class LongMerger {
 public:
  LongMerger(const MergeTable& table, std::vector<Symbol>& symbols) : table_(table), symbols_(symbols) {
    size_t n = symbols.size();
    previous_.resize(n);
    following_.resize(n);
    pending_.resize(n);
    for (uint32_t i = 0; i < n; ++i) {
      previous_[i] = i == 0 ? kEnd : i - 1;
      following_[i] = i + 1 == n ? kEnd : i + 1;
    }
    for (uint32_t i = 0; i + 1 < n; ++i) offer(i);
  }

  void run() {
    while (!ranks_.empty()) {
      uint32_t rank = ranks_.top();
      if (!drain(rank, buckets_[rank])) continue;
      buckets_.erase(rank);
      ranks_.pop();
    }
    size_t out = 0;
    for (uint32_t i = 0; i != kEnd; i = following_[i]) symbols_[out++] = symbols_[i];
    symbols_.resize(out);
  }

 private:
  // Merges the positions of a rank in order; false where a lower rank came up, which goes first.
  bool drain(uint32_t rank, Bucket& bucket) {
    while (!bucket.empty()) {
      uint32_t at = bucket.pop();
      if (pending_[at].rank != rank) continue;  // its pair has changed since
      merge(at);
      if (ranks_.top() < rank) return false;
    }
    return true;
  }

  void merge(uint32_t at) {
    uint32_t right = following_[at];
    MergeTable::Merge made = pending_[at];
    symbols_[at] = {made.id, symbols_[at].length + symbols_[right].length};
    pending_[right] = {};
    following_[at] = following_[right];
    if (following_[at] != kEnd) previous_[following_[at]] = at;
    offer(at);
    if (previous_[at] != kEnd) offer(previous_[at]);
  }

  // Notes the rank of the pair that begins at `at`.
  void offer(uint32_t at) {
    uint32_t right = following_[at];
    pending_[at] = right == kEnd ? MergeTable::Merge{} : table_.find(symbols_[at].id, symbols_[right].id);
    uint32_t rank = pending_[at].rank;
    if (rank == MergeTable::kNoRank) return;
    auto [found, fresh] = buckets_.try_emplace(rank);
    if (fresh) ranks_.push(rank);
    found->second.push(at);
  }

  const MergeTable& table_;
  std::vector<Symbol>& symbols_;
  std::vector<uint32_t> previous_, following_;
  std::vector<MergeTable::Merge> pending_;  // of the pair that begins at a place
  std::unordered_map<uint32_t, Bucket> buckets_;
  std::priority_queue<uint32_t, std::vector<uint32_t>, std::greater<>> ranks_;
};

}  // namespace

void merge_all(const MergeTable& table, std::vector<Symbol>& symbols) {
  if (symbols.size() < 2) return;
  if (symbols.size() <= kScanLimit) merge_by_scan(table, symbols);
  else LongMerger(table, symbols).run();
}

}  // namespace malmoi::tokenizer
