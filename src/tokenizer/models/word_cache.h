// A bounded per-thread cache of short words and their ids.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace malmoi::tokenizer {

/// A word of at most 39 bytes as five machine words, its length in the last byte; compared and hashed as numbers. A word of
/// at most 23 bytes fits the first three (its length then stands at their end).
class WordKey {
 public:
  static constexpr size_t kMaxLength = 39, kMaxShort = 23;

  WordKey() = default;
  /// `room`: bytes that may be read from the beginning of the word on.
  WordKey(std::string_view word, size_t room) {
    size_t n = word.size();
    if (room < sizeof words_) {
      std::memcpy(words_.data(), word.data(), n);
    } else {
      load(word.data(), n, 0);
      load(word.data(), n, 1);
      load(word.data(), n, 2);
      if (n > kMaxShort) {
        load(word.data(), n, 3);
        load(word.data(), n, 4);
      }
    }
    short_ = n <= kMaxShort;
    words_[short_ ? 2 : 4] |= uint64_t{n} << 56;
    hash_ = hash();
  }
  bool is_short() const { return short_; }
  uint64_t hashed() const { return hash_; }
  template <size_t n>
  bool equals(const std::array<uint64_t, n>& other) const {
    bool same = true;
    for (size_t i = 0; i < n; ++i) same &= words_[i] == other[i];
    return same;
  }
  template <size_t n>
  void copy_to(std::array<uint64_t, n>& other) const {
    std::memcpy(other.data(), words_.data(), sizeof other);
  }

 private:
  // The i-th eight bytes, what lies beyond the word as zeros.
  void load(const char* from, size_t length, size_t i) {
    uint64_t value;
    std::memcpy(&value, from + 8 * i, sizeof value);
    if (length <= 8 * i) value = 0;
    else if (length < 8 * i + 8) value &= (uint64_t{1} << 8 * (length - 8 * i)) - 1;
    words_[i] = value;
  }
  uint64_t hash() const {
    constexpr uint64_t kOdd = 0x9E3779B97F4A7C15ull;
    uint64_t a = (words_[0] ^ kOdd) * 0xD6E8FEB86659FD93ull + words_[2];
    uint64_t b = (words_[1] + kOdd) * 0xC2B2AE3D27D4EB4Full + (words_[3] ^ words_[4] * kOdd);
    uint64_t h = (a ^ (b << 29 | b >> 35)) * kOdd;
    return h ^ h >> 32;
  }

  std::array<uint64_t, 5> words_{};
  uint64_t hash_ = 0;
  bool short_ = true;
};

/// Two-way sets; a new word displaces the older of its set.
template <size_t key_words, size_t max_ids, size_t alignment>
class WordTable {
 public:
  static constexpr size_t kMaxIds = max_ids;
  struct alignas(alignment) Entry {
    std::array<uint64_t, key_words> key{};
    uint32_t count = 0;
    std::array<int32_t, max_ids> ids{};
  };
  static_assert(sizeof(Entry) == alignment);
  explicit WordTable(size_t sets) : entries_(sets * 2) {}

  void prefetch(const WordKey& key) const {
    const Entry* set = &entries_[(key.hashed() & (entries_.size() / 2 - 1)) * 2];
    __builtin_prefetch(set);
    __builtin_prefetch(set + 1);
  }
  const Entry* find(const WordKey& key) const {
    const Entry* set = &entries_[(key.hashed() & (entries_.size() / 2 - 1)) * 2];
    if (key.equals(set[0].key)) return &set[0];
    return key.equals(set[1].key) ? &set[1] : nullptr;
  }
  void insert(const WordKey& key, const int32_t* ids, size_t count) {
    Entry* set = &entries_[(key.hashed() & (entries_.size() / 2 - 1)) * 2];
    set[1] = set[0];
    key.copy_to(set[0].key);
    set[0].count = static_cast<uint32_t>(count);
    std::memcpy(set[0].ids.data(), ids, count * sizeof *ids);
  }

 private:
  std::vector<Entry> entries_;
};

/// Short words take a cache line each, longer ones two.
struct WordCache {
  WordTable<3, 9, 64> small{size_t{1} << 15};    // 4 MiB
  WordTable<5, 21, 128> large{size_t{1} << 13};  // 2 MiB

  void prefetch(const WordKey& key) const {
    if (key.is_short()) small.prefetch(key);
    else large.prefetch(key);
  }
  /// Appends the ids of a word of at most WordKey::kMaxLength bytes: from the cache, or as `encode_word(word, ids)` appends
  /// them.
  template <typename Encode>
  void encode(const WordKey& key, std::string_view word, std::vector<int32_t>& ids, Encode&& encode_word) {
    if (key.is_short()) lookup(small, key, word, ids, encode_word);
    else lookup(large, key, word, ids, encode_word);
  }

 private:
  template <typename Table, typename Encode>
  static void lookup(Table& table, const WordKey& key, std::string_view word, std::vector<int32_t>& ids,
                     Encode&& encode_word) {
    if (const auto* entry = table.find(key)) {
      if (entry->count == 1) ids.push_back(entry->ids[0]);
      else ids.insert(ids.end(), entry->ids.data(), entry->ids.data() + entry->count);
      return;
    }
    size_t before = ids.size();
    encode_word(word, ids);
    size_t count = ids.size() - before;
    if (count <= Table::kMaxIds) table.insert(key, ids.data() + before, count);
  }
};

/// Cuts a text by `next_end(begin)` and calls visit(word, key) for each word in order, a few words after asking for the
/// memory that the cache needs for it. `key` is null for words that are too long.
template <typename NextEnd, typename Visit>
void each_word(const WordCache& cache, std::string_view text, NextEnd&& next_end, Visit&& visit) {
  constexpr size_t kAhead = 16;
  std::array<WordKey, kAhead> keys;
  std::array<std::string_view, kAhead> words;
  for (size_t at = 0; at < text.size();) {
    size_t n = 0;
    for (; n < kAhead && at < text.size(); ++n) {
      size_t end = next_end(at);
      words[n] = text.substr(at, end - at);
      if (words[n].size() <= WordKey::kMaxLength) {
        keys[n] = WordKey(words[n], text.size() - at);
        cache.prefetch(keys[n]);
      }
      at = end;
    }
    for (size_t i = 0; i < n; ++i) visit(words[i], words[i].size() <= WordKey::kMaxLength ? &keys[i] : nullptr);
  }
}

/// Encodes the words of a text through the cache. `encode_word(word, ids)` appends the ids of a word that is not in the
/// cache or too long for it.
template <typename NextEnd, typename Encode>
void encode_words(WordCache& cache, std::string_view text, std::vector<int32_t>& ids, NextEnd&& next_end,
                  Encode&& encode_word) {
  each_word(cache, text, next_end, [&](std::string_view word, const WordKey* key) {
    if (key) cache.encode(*key, word, ids, encode_word);
    else encode_word(word, ids);
  });
}

/// The cache of the calling thread for the model with this number (from `next_model_number`). A thread keeps the caches
/// of the few models that it used last.
WordCache& thread_word_cache(uint64_t model_number);
uint64_t next_model_number();

}  // namespace malmoi::tokenizer
