// Which neighbours merge: a flat table of pairs of ids.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace malmoi::tokenizer {

/// (left id, right id) -> (rank, merged id). Lower ranks merge first. Reading is thread-safe.
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
    if (count_ * 2 + 16 > slots_.size()) grow();
    Slot& slot = slots_[place(key_of(left, right))];
    if (slot.key == kEmpty) ++count_;
    mark(hash(key_of(left, right)));
    slot = {key_of(left, right), {rank, id}};
  }
  Merge find(int32_t left, int32_t right) const {
    uint64_t key = key_of(left, right), h = hash(key);
    // Most pairs merge to nothing; the filter is small enough to stay near.
    if ((filter_[h >> filter_shift_ >> 6] >> (h >> filter_shift_ & 63) & 1) == 0) return {};
    for (size_t at = h >> shift_;; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at].key == key) return slots_[at].merge;
      if (slots_[at].key == kEmpty) return {};
    }
  }
  size_t size() const { return count_; }

 private:
  static constexpr uint64_t kEmpty = UINT64_MAX;
  struct Slot {
    uint64_t key = kEmpty;
    Merge merge;
  };
  static uint64_t key_of(int32_t left, int32_t right) {
    return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
  }
  static uint64_t hash(uint64_t key) {
    key *= 0x9E3779B97F4A7C15ull;
    key ^= key >> 29;
    return key * 0xBF58476D1CE4E5B9ull;
  }
  void mark(uint64_t h) { filter_[h >> filter_shift_ >> 6] |= uint64_t{1} << (h >> filter_shift_ & 63); }
  size_t place(uint64_t key) const {
    size_t at = hash(key) >> shift_;
    while (slots_[at].key != kEmpty && slots_[at].key != key) at = (at + 1) & (slots_.size() - 1);
    return at;
  }
  void resize(size_t slots) {
    slots_.assign(slots, Slot{});
    shift_ = 64 - std::countr_zero(slots);
    size_t bits = std::max<size_t>(slots * 4, 64);
    filter_.assign(bits / 64, 0);
    filter_shift_ = 64 - std::countr_zero(bits);
  }
  void grow() {
    std::vector<Slot> old = std::move(slots_);
    resize(old.size() * 2);
    for (const Slot& slot : old) {
      if (slot.key == kEmpty) continue;
      slots_[place(slot.key)] = slot;
      mark(hash(slot.key));
    }
  }

  std::vector<Slot> slots_;
  std::vector<uint64_t> filter_;  // four bits a slot, one set for each pair
  size_t count_ = 0;
  int shift_ = 60, filter_shift_ = 58;
};

/// One symbol of a piece while it is merged.
struct Symbol {
  int32_t id;
  uint32_t length;  // bytes of the piece that it stands for
};

/// Merges neighbours in order of rank, leftmost first, until nothing merges; `symbols` then holds what is left. A short
/// piece is scanned; a long one keeps its positions in one list a rank, so that it takes O(n log n) at worst and O(n) on
/// a repeated letter.
void merge_all(const MergeTable& table, std::vector<Symbol>& symbols);

}  // namespace malmoi::tokenizer
