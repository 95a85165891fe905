#include "tokenizer/models/merge_table.h"

#include <algorithm>
#include <optional>
#include <queue>
#include <unordered_map>

#include "tokenizer/models/position_queue.h"
#include "tokenizer/models/window_merger.h"

namespace malmoi::tokenizer {
namespace {

constexpr uint32_t kEnd = UINT32_MAX;

// Any number of symbols at once: O(n log n).
class LongMerger {
 public:
  LongMerger(const MergeTable& table, std::span<const Symbol> symbols) : table_(table) {
    size_t n = symbols.size();
    ids_.resize(n);
    previous_.resize(n);
    following_.resize(n);
    pending_.resize(n);
    for (uint32_t i = 0; i < n; ++i) {
      ids_[i] = symbols[i].id;
      previous_[i] = i == 0 ? kEnd : i - 1;
      following_[i] = i + 1 == n ? kEnd : i + 1;
    }
    for (uint32_t i = 0; i + 1 < n; ++i) offer(i);
  }

  void run(std::vector<MergedPart>& parts) {
    while (!ranks_.empty()) {
      uint32_t rank = ranks_.top();
      if (!drain(rank, buckets_[rank])) continue;
      buckets_.erase(rank);
      ranks_.pop();
    }
    if (ids_.empty()) return;
    for (uint32_t i = 0; i != kEnd; i = following_[i]) parts.push_back({ids_[i], i});
  }

 private:
  // Merges the positions of a rank in order; false where a lower rank came up, which goes first.
  bool drain(uint32_t rank, PositionQueue& bucket) {
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
    ids_[at] = pending_[at].id;
    pending_[right] = {};
    following_[at] = following_[right];
    if (following_[at] != kEnd) previous_[following_[at]] = at;
    offer(at);
    if (previous_[at] != kEnd) offer(previous_[at]);
  }

  // Notes the rank of the pair that begins at `at`.
  void offer(uint32_t at) {
    uint32_t right = following_[at];
    pending_[at] = right == kEnd ? MergeTable::Merge{} : table_.find(ids_[at], ids_[right]);
    uint32_t rank = pending_[at].rank;
    if (rank == MergeTable::kNoRank) return;
    auto [found, fresh] = buckets_.try_emplace(rank);
    if (fresh) ranks_.push(rank);
    found->second.push(at);
  }

  const MergeTable& table_;
  std::vector<int32_t> ids_;
  std::vector<uint32_t> previous_, following_;
  std::vector<MergeTable::Merge> pending_;               // of the pair that begins at a place
  std::unordered_map<uint32_t, PositionQueue> buckets_;  // positions by the rank of their pair
  std::priority_queue<uint32_t, std::vector<uint32_t>, std::greater<>> ranks_;
};

// What is left of `symbols`, which are as many as fit a window or not.
void merge_stretch(const MergeTable& table, std::span<const Symbol> symbols, std::vector<MergedPart>& parts) {
  parts.clear();
  if (symbols.size() <= kWindowPlaces && table.max_rank() <= kWindowMaxRank) merge_window(table, symbols, parts);
  else LongMerger(table, symbols).run(parts);
}

// Merges a long piece window by window.
//
// Whether a row of pieces is the merging of a text can be seen from each two neighbours alone: it is if and only if every two
// neighbours are the merging of their own text. (The first merge over the border of two pieces would be chosen in their
// own text too, since what lies beyond does not change which pairs there are within.) So two windows that overlap may be
// joined at any piece that both have: all neighbours on its left are from the one, those on its right from the other.
class Windows {
 public:
  Windows(const MergeTable& table, std::span<const Symbol> symbols) : table_(table), symbols_(symbols) {}

  const std::vector<MergedPart>& run() {
    while (true) {
      const size_t end = std::min(from_ + size_, symbols_.size());
      merge_memoized(from_, end);
      if (!join()) {
        widen();
      } else if (end == symbols_.size()) {
        return parts_;
      } else {
        if (++joined_ == kPatience) narrow();
        restart_before(end - std::min(overlap_, size_));
      }
    }
  }

 private:
  static constexpr size_t kOverlap = kWindowPlaces / 5;
  static constexpr int kPatience = 16;  // windows that must join before a smaller one is tried again

  // Runs of a letter, of spaces, of a few letters again and again give the same window again and again.
  void merge_memoized(size_t begin, size_t end) {
    auto same = [](const Symbol& a, const Symbol& b) { return a.id == b.id; };
    auto now = symbols_.subspan(begin, end - begin);
    if (std::equal(now.begin(), now.end(), memo_.begin(), memo_.end(), same)) return;
    memo_ = now;
    merge_stretch(table_, now, window_);
  }

  // Joins the window at the first piece that both it and what is there from `first_` on have.
  bool join() {
    if (parts_.empty()) return append_window(0), true;
    size_t i = first_, j = 0;
    while (i < parts_.size() && j < window_.size()) {
      const size_t at = from_ + window_[j].begin;
      if (parts_[i].begin == at && parts_[i].id == window_[j].id) {
        parts_.resize(i);
        append_window(j);
        return true;
      }
      if (parts_[i].begin < at) ++i;
      else ++j;
    }
    return false;
  }
  void append_window(size_t j) {
    for (; j < window_.size(); ++j) parts_.push_back({window_[j].id, static_cast<uint32_t>(from_ + window_[j].begin)});
  }

  // The next window begins at the last piece that begins before `place`, but behind the beginning of this one.
  void restart_before(size_t place) {
    first_ = parts_.size();
    while (first_ > 0 && parts_[first_ - 1].begin > from_) {
      --first_;
      if (parts_[first_].begin <= place) break;
    }
    if (first_ == parts_.size() || parts_[first_].begin > place) return widen();
    from_ = parts_[first_].begin;
  }

  // No piece in common, or pieces as long as the window: more of both sides.
  void widen() {
    joined_ = 0;
    overlap_ *= 2;
    if (overlap_ > size_ / 2) size_ *= 4;
    const size_t back = from_ > overlap_ ? from_ - overlap_ : 0;
    if (size_ >= symbols_.size() || back == 0) {
      parts_.clear();
      from_ = first_ = 0;
      return;
    }
    while (first_ > 0 && (first_ == parts_.size() || parts_[first_].begin > back)) --first_;
    from_ = parts_[first_].begin;
  }
  void narrow() {
    joined_ = 0;
    size_ = std::max(size_ / 4, kWindowPlaces);
    overlap_ = size_ == kWindowPlaces ? kOverlap : size_ / 4;
  }

  const MergeTable& table_;
  std::span<const Symbol> symbols_;
  std::vector<MergedPart> parts_, window_;
  std::span<const Symbol> memo_;  // what `window_` was made of
  size_t size_ = kWindowPlaces, overlap_ = kOverlap, from_ = 0;
  int joined_ = 0;
  size_t first_ = 0;  // parts_[first_] begins at from_
};

}  // namespace

void merge_all(const MergeTable& table, std::vector<Symbol>& symbols) {
  if (symbols.size() < 2) return;
  const bool fits = symbols.size() <= kWindowPlaces;
  thread_local std::vector<MergedPart> buffer;
  std::optional<Windows> windows;
  if (fits) merge_stretch(table, symbols, buffer);
  else windows.emplace(table, symbols);
  const std::vector<MergedPart>& parts = fits ? buffer : windows->run();
  for (size_t i = 0, at = 0; i < parts.size(); ++i) {
    const size_t end = i + 1 < parts.size() ? parts[i + 1].begin : symbols.size();
    uint32_t length = 0;
    while (at < end) length += symbols[at++].length;
    symbols[i] = {parts[i].id, length};
  }
  symbols.resize(parts.size());
}

}  // namespace malmoi::tokenizer
