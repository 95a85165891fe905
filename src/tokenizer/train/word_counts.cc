#include "tokenizer/train/word_counts.h"

#include <cstring>

#include "base/hash.h"

namespace malmoi::tokenizer {
namespace {

struct Key {
  uint64_t low, high;
};

// The bytes of a short word, zero-padded, without reading past its ends.
Key load_short(const char* p, size_t n) {
  Key key{0, 0};
  if (n >= 8) {
    std::memcpy(&key.low, p, 8);
    if (n > 8) {
      std::memcpy(&key.high, p + n - 8, 8);
      key.high >>= 8 * (16 - n);
    }
    return key;
  }
  if (n >= 4) {
    uint32_t first, last;
    std::memcpy(&first, p, 4);
    std::memcpy(&last, p + n - 4, 4);
    key.low = first | static_cast<uint64_t>(last) << (8 * (n - 4));
    return key;
  }
  for (size_t i = 0; i < n; ++i) key.low |= static_cast<uint64_t>(static_cast<unsigned char>(p[i])) << (8 * i);
  return key;
}

uint64_t fold_product(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  Wide product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

uint32_t hash_short(Key key, size_t n) {
  return static_cast<uint32_t>(
      fold_product(key.low ^ 0x9E3779B97F4A7C15u, key.high ^ (0xD1B54A32D192ED03u + (n << 56))));
}

constexpr size_t kFirstSlots = 1 << 12;

}  // namespace

WordCounts::WordCounts() : slots_(kFirstSlots) {}

void WordCounts::add(std::string_view word, uint64_t times) {
  const size_t mask = slots_.size() - 1;
  const auto length = static_cast<uint32_t>(word.size());
  if (length <= kInline) {
    Key key = load_short(word.data(), length);
    uint32_t hash = hash_short(key, length);
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
      Slot& slot = slots_[i];
      if (slot.count == 0) {
        slot = {times, hash, length, {key.low, key.high}};
        break;
      }
      if (slot.key[0] == key.low && slot.key[1] == key.high && slot.length == length) {
        slot.count += times;
        return;
      }
    }
  } else {
    uint64_t full = hash64(word);
    auto hash = static_cast<uint32_t>(full);
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
      Slot& slot = slots_[i];
      if (slot.count == 0) {
        slot = {times, hash, length, {arena_.size(), full}};
        arena_ += word;
        break;
      }
      if (slot.key[1] == full && slot.length == length && text_of(slot) == word) {
        slot.count += times;
        return;
      }
    }
  }
  if (++size_ * 2 > slots_.size()) grow();
}

void WordCounts::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  const size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.count == 0) continue;
    size_t i = slot.hash & mask;
    while (slots_[i].count) i = (i + 1) & mask;
    slots_[i] = slot;
  }
}

void WordCounts::merge(const WordCounts& other) {
  other.for_each([this](std::string_view word, uint64_t count) { add(word, count); });
}

void WordCounts::clear() {
  slots_.assign(kFirstSlots, {});
  slots_.shrink_to_fit();
  arena_.clear();
  arena_.shrink_to_fit();
  size_ = 0;
}

}  // namespace malmoi::tokenizer
