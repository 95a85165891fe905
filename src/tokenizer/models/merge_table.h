// Which neighbours merge: a flat table of pairs of ids.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace malmoi::tokenizer {

/// (left id, right id) -> (rank, merged id). Lower ranks merge first. Reading is thread-safe. A merge takes eight bytes where
/// ids and ranks are of the size that vocabularies have, so that the table stays near.
class MergeTable {
 public:
  static constexpr uint32_t kNoRank = UINT32_MAX;
  struct Merge {
    uint32_t rank = kNoRank;
    int32_t id = -1;
  };

  explicit MergeTable(size_t merges = 0) { resize(std::bit_ceil(merges * 2 + 16)); }

  /// A pair given twice keeps the later rank, as a map does.
  void add(int32_t left, int32_t right, uint32_t rank, int32_t id) {
    const uint64_t key = key_of(left, right);
    max_rank_ = std::max(max_rank_, rank);
    if (count_ * 2 + 16 > slots_.size()) grow();
    mark(hash(key));
    set(begins_, left);
    set(ends_, right);
    if (is_low(left, right)) {
      if (low_.empty()) low_.assign(size_t{kLow} * kLow, kNoRank);
      low_[low_place(left, right)] = rank;
    }
    if (!fits(left, right, rank, id)) {
      count_ += wide_.insert_or_assign(key, Merge{rank, id}).second && narrow_rank(key) == kNoRank;
      return;
    }
    wide_.erase(key);
    uint64_t& slot = slots_[place(key)];
    if (slot == kEmpty) ++count_;
    slot = packed_key(key) | rank;
    if (products_.size() <= rank) products_.resize(rank + size_t{1}, -1);
    products_[rank] = id;
    const int32_t offset = id - static_cast<int32_t>(rank);
    if (count_ == 1) offset_ = offset;
    in_order_ = in_order_ && offset == offset_;
  }
  Merge find(int32_t left, int32_t right) const {
    const uint32_t rank = rank_of(left, right);
    return rank == kNoRank ? Merge{} : Merge{rank, product(left, right, rank)};
  }
  /// kNoRank where the pair does not merge. Most pairs merge to nothing: most pieces never begin a merge, or never end one.
  uint32_t rank_of(int32_t left, int32_t right) const {
    if (is_low(left, right)) return low_.empty() ? kNoRank : low_[low_place(left, right)];
    return rank_of_any(left, right);
  }
  /// What a pair that merges at `rank` becomes.
  int32_t product(int32_t left, int32_t right, uint32_t rank) const {
    if (!wide_.empty())
      if (auto found = wide_.find(key_of(left, right)); found != wide_.end()) return found->second.id;
    return in_order_ ? static_cast<int32_t>(rank) + offset_ : products_[rank];
  }
  size_t size() const { return count_; }
  uint32_t max_rank() const { return max_rank_; }

 private:
  static constexpr int kIdBits = 21, kRankBits = 64 - 2 * kIdBits;
  static constexpr uint64_t kIdLimit = (uint64_t{1} << kIdBits) - 1;  // all bits set: empty
  static constexpr uint64_t kRankMask = (uint64_t{1} << kRankBits) - 1;
  static constexpr uint64_t kEmpty = UINT64_MAX;

  // Pairs of the lowest ids, which the bytes mostly have: each word begins with these, so they are looked up at once.
  static constexpr uint32_t kLow = 256;
  static bool is_low(int32_t left, int32_t right) {
    return (static_cast<uint32_t>(left) | static_cast<uint32_t>(right)) < kLow;
  }
  static size_t low_place(int32_t left, int32_t right) {
    return static_cast<size_t>(left) * kLow + static_cast<size_t>(right);
  }
  static uint64_t key_of(int32_t left, int32_t right) {
    return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
  }
  // The ids of a narrow key above the bits of its rank.
  static uint64_t packed_key(uint64_t key) {
    return (key >> 32) << (kIdBits + kRankBits) | (key & UINT32_MAX) << kRankBits;
  }
  static uint64_t key_of_packed(uint64_t slot) {
    return slot >> (kIdBits + kRankBits) << 32 | (slot >> kRankBits & kIdLimit);
  }
  static uint64_t hash(uint64_t key) {
    key *= 0x9E3779B97F4A7C15ull;
    key ^= key >> 29;
    return key * 0xBF58476D1CE4E5B9ull;
  }
  // Narrow merges know their product by their rank.
  bool fits(int32_t left, int32_t right, uint32_t rank, int32_t id) const {
    return static_cast<uint32_t>(left) < kIdLimit && static_cast<uint32_t>(right) < kIdLimit && rank < kRankMask &&
           (rank >= products_.size() || products_[rank] < 0 || products_[rank] == id);
  }
  // The filter is small enough to stay near.
  uint32_t rank_of_any(int32_t left, int32_t right) const {
    const uint64_t key = key_of(left, right), h = hash(key);
    const uint64_t known = filter_[h >> filter_shift_ >> 6] >> (h >> filter_shift_ & 63);
    if ((known & test(begins_, left) & test(ends_, right) & 1) == 0) return kNoRank;
    if (!wide_.empty())
      if (auto found = wide_.find(key); found != wide_.end()) return found->second.rank;
    return narrow_rank(key);
  }
  uint32_t narrow_rank(uint64_t key) const {
    if ((key >> 32) >= kIdLimit || (key & UINT32_MAX) >= kIdLimit) return kNoRank;
    const uint64_t slot = slots_[place(key)];
    return slot == kEmpty ? kNoRank : static_cast<uint32_t>(slot & kRankMask);
  }
  static void set(std::vector<uint64_t>& bits, int32_t id) {
    const auto at = static_cast<uint32_t>(id);
    if (at >= kIdLimit) return;
    if (at / 64 >= bits.size()) bits.resize(at / 64 + 1);
    bits[at / 64] |= uint64_t{1} << at % 64;
  }
  static uint64_t test(const std::vector<uint64_t>& bits, int32_t id) {
    const auto at = static_cast<uint32_t>(id);
    return at / 64 < bits.size() ? bits[at / 64] >> at % 64 : at >= kIdLimit;
  }
  void mark(uint64_t h) { filter_[h >> filter_shift_ >> 6] |= uint64_t{1} << (h >> filter_shift_ & 63); }
  // Where a narrow key is, or would be.
  size_t place(uint64_t key) const {
    const uint64_t wanted = packed_key(key) >> kRankBits;
    size_t at = hash(key) >> shift_;
    while (slots_[at] >> kRankBits != wanted && slots_[at] != kEmpty) at = (at + 1) & (slots_.size() - 1);
    return at;
  }
  void resize(size_t slots) {
    slots_.assign(slots, kEmpty);
    shift_ = 64 - std::countr_zero(slots);
    size_t bits = std::max<size_t>(slots * 4, 64);
    filter_.assign(bits / 64, 0);
    filter_shift_ = 64 - std::countr_zero(bits);
  }
  void grow() {
    std::vector<uint64_t> old = std::move(slots_);
    resize(old.size() * 2);
    for (uint64_t slot : old) {
      if (slot == kEmpty) continue;
      slots_[place(key_of_packed(slot))] = slot;
      mark(hash(key_of_packed(slot)));
    }
    for (const auto& [key, merge] : wide_) mark(hash(key));
  }

  std::vector<uint32_t> low_;                 // ranks of the pairs of ids below kLow
  std::vector<uint64_t> begins_, ends_;       // by id: whether some merge has it on its left, on its right
  std::vector<uint64_t> slots_;               // left id, right id, rank
  std::vector<int32_t> products_;             // by rank
  int32_t offset_ = 0;                        // of an id from its rank, where that is
  bool in_order_ = true;                      // the same for all
  std::vector<uint64_t> filter_;              // four bits a slot, one set for each pair
  std::unordered_map<uint64_t, Merge> wide_;  // what does not fit a slot; comes before what does
  size_t count_ = 0;
  uint32_t max_rank_ = 0;
  int shift_ = 60, filter_shift_ = 58;
};

/// One symbol of a piece while it is merged.
struct Symbol {
  int32_t id;
  uint32_t length;  // bytes of the piece that it stands for
};

/// Merges neighbours in order of rank, leftmost first, until nothing merges; `symbols` then holds what is left. A short
/// piece is scanned; a long one is merged in windows that overlap, in time linear in its length.
void merge_all(const MergeTable& table, std::vector<Symbol>& symbols);

}  // namespace malmoi::tokenizer
