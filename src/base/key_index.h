// Positions of keys in a list that somebody else keeps, found by hash: open addressing, linear probing.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace malmoi {

/// A number that differs from run to run.
uint64_t process_seed();

/// The hash is seeded by process_seed(), so that nobody can choose keys that collide.
/// `key_at(i)` gives the i-th key of the list. Reading is safe from many threads.
class KeyIndex {
 public:
  /// The position of `key`, or `absent`.
  template <typename KeyAt>
  size_t find(std::string_view key, size_t absent, KeyAt&& key_at) const {
    if (slots_.empty()) return absent;
    for (size_t slot = first_slot(key); slots_[slot] != kFree; slot = next(slot))
      if (key_at(slots_[slot]) == key) return slots_[slot];
    return absent;
  }

  /// Adds a key that is not there yet, as the `position`-th.
  template <typename KeyAt>
  void add(std::string_view key, size_t position, KeyAt&& key_at) {
    if (2 * (count_ + 1) > slots_.size()) grow(key_at);
    place(key, position);
    ++count_;
  }

  void clear() {
    slots_.clear();
    count_ = 0;
  }

 private:
  static constexpr size_t kFree = SIZE_MAX, kSmallest = 64;

  size_t first_slot(std::string_view key) const { return hash64(key, process_seed()) & (slots_.size() - 1); }
  size_t next(size_t slot) const { return (slot + 1) & (slots_.size() - 1); }

  void place(std::string_view key, size_t position) {
    size_t slot = first_slot(key);
    while (slots_[slot] != kFree) slot = next(slot);
    slots_[slot] = position;
  }

  template <typename KeyAt>
  void grow(KeyAt&& key_at) {
    std::vector<size_t> old(slots_.empty() ? kSmallest : 2 * slots_.size(), kFree);
    old.swap(slots_);
    for (size_t position : old)
      if (position != kFree) place(key_at(position), position);
  }

  std::vector<size_t> slots_;  // a power of two of them, at most half in use
  size_t count_ = 0;
};

}  // namespace malmoi
