// Distinct words with their frequencies, counted at memory speed: one hash table of short inline keys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace malmoi::tokenizer {

/// A multiset of byte strings with 64-bit counts. Words of up to 16 bytes live in the table itself, so that counting
/// one touches a single cache line; longer ones in an arena. Not thread-safe: one table a thread, then `merge`.
class WordCounts {
 public:
  WordCounts();

  void add(std::string_view word, uint64_t times = 1);
  void merge(const WordCounts& other);
  void clear();

  size_t size() const { return size_; }
  /// Bytes of memory held.
  uint64_t memory() const { return slots_.size() * sizeof(Slot) + arena_.capacity(); }

  /// Calls visit(word, count) for every word, in no particular order (but the same for the same calls before).
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (const Slot& slot : slots_)
      if (slot.count) visit(text_of(slot), slot.count);
  }

 private:
  static constexpr size_t kInline = 16;
  struct alignas(32) Slot {
    uint64_t count = 0;  // 0: empty
    uint32_t hash = 0;
    uint32_t length = 0;
    uint64_t key[2] = {0, 0};  // the bytes, zero-padded; or the offset in the arena, and the rest of the hash
  };
  std::string_view text_of(const Slot& slot) const {
    return slot.length <= kInline ? std::string_view(reinterpret_cast<const char*>(slot.key), slot.length)
                                  : std::string_view(arena_).substr(slot.key[0], slot.length);
  }
  void grow();

  std::vector<Slot> slots_;
  std::string arena_;
  size_t size_ = 0;
};

/// Words in a fixed order with one flat storage; what the trainers work on.
struct WordList {
  std::string bytes;
  std::vector<uint64_t> begins;  // size + 1
  std::vector<uint64_t> counts;

  size_t size() const { return counts.size(); }
  std::string_view word(size_t i) const { return std::string_view(bytes).substr(begins[i], begins[i + 1] - begins[i]); }
  void push(std::string_view word, uint64_t count) {
    if (begins.empty()) begins.push_back(0);
    bytes += word;
    begins.push_back(bytes.size());
    counts.push_back(count);
  }
};

}  // namespace malmoi::tokenizer
