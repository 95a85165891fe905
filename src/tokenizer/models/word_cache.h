// A bounded per-thread cache of short words and their ids.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace malmoi::tokenizer {

/// A word of at most 31 bytes as four machine words, its length in the last byte; compared and hashed as numbers.
struct WordKey {
  static constexpr size_t kMaxLength = 31;
  std::array<uint64_t, 4> words{};

  explicit WordKey(std::string_view word) {
    std::memcpy(words.data(), word.data(), word.size());
    words[3] |= uint64_t{word.size()} << 56;
  }
  bool operator==(const WordKey&) const = default;
  uint64_t hash() const {
    constexpr uint64_t kOdd = 0x9E3779B97F4A7C15ull;
    uint64_t a = (words[0] ^ kOdd) * 0xD6E8FEB86659FD93ull + words[2];
    uint64_t b = (words[1] + kOdd) * 0xC2B2AE3D27D4EB4Full + words[3];
    uint64_t h = a ^ (b << 29 | b >> 35);
    h *= kOdd;
    return h ^ h >> 32;
  }
};

/// Two-way sets; a new word displaces the older of its set. 64 bytes an entry, so a word is one cache line.
class WordCache {
 public:
  static constexpr size_t kMaxIds = 8;
  struct Entry {
    std::array<uint64_t, 4> key{};
    std::array<int32_t, kMaxIds> ids{};  // ended by -1 where shorter
  };
  explicit WordCache(size_t sets) : entries_(sets * 2) {}

  const Entry* find(const WordKey& key, uint64_t hash) const {
    const Entry* set = &entries_[(hash & (entries_.size() / 2 - 1)) * 2];
    if (set[0].key == key.words) return &set[0];
    return set[1].key == key.words ? &set[1] : nullptr;
  }
  void insert(const WordKey& key, uint64_t hash, const int32_t* ids, size_t count) {
    Entry* set = &entries_[(hash & (entries_.size() / 2 - 1)) * 2];
    set[1] = set[0];
    set[0].key = key.words;
    set[0].ids.fill(-1);
    std::copy(ids, ids + count, set[0].ids.begin());
  }

 private:
  std::vector<Entry> entries_;
};

/// The cache of the calling thread for the model with this number (from `next_model_number`). A thread keeps the caches
/// of the few models that it used last.
WordCache& thread_word_cache(uint64_t model_number);
uint64_t next_model_number();

}  // namespace malmoi::tokenizer
