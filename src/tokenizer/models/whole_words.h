// Which words are pieces of a vocabulary themselves: one look at one cache line, which can be asked for ahead.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#include "base/prefetch.h"
#include "base/zeroed_array.h"
#include "tokenizer/models/kept_word.h"
#include "tokenizer/vocabulary.h"

namespace malmoi::tokenizer {

/// The pieces of at most WordKey::kMaxLength bytes of a vocabulary, which must outlive it. Reading is thread-safe.
///
/// A cache line holds three words with their ids; what it has no room for stands in the next line that has, and `crowded` says
/// that looking goes on there. At half full or less, one word in fifteen is not found, or missed, at the first line.
class WholeWords {
 public:
  explicit WholeWords(const Vocabulary& vocabulary)
      : vocabulary_(vocabulary), lines_(std::bit_ceil(vocabulary.size() * 2 / kWords + 1)) {
    for (int32_t id = 0; id < vocabulary.id_limit(); ++id)
      if (vocabulary.has(id)) add(vocabulary.spelling(id), id);
  }
  void prefetch(const WordKey& key) const { malmoi::prefetch(&lines_[place(key)]); }
  /// The id of a word, or -1.
  int32_t find(const WordKey& key, std::string_view word) const {
    const Print print(key, word);
    for (size_t at = place(key);; at = (at + 1) & (lines_.size() - 1)) {
      const Line& line = lines_[at];
      int32_t id = -1;
      for (size_t i = 0; i < kWords; ++i) id = line.prints[i] == print ? line.ids_above[i] - 1 : id;
      if (id >= 0) return print.is_word() || vocabulary_.spelling(id) == word ? id : vocabulary_.find_id(word);
      if (!line.crowded) return -1;
    }
  }

 private:
  static constexpr size_t kWords = 3;
  // A word of at most 15 bytes is its key; of a longer one, which is rare, the hash stands for it.
  struct Print {
    uint64_t first = 0, last = 0;
    Print() = default;
    Print(const WordKey& key, std::string_view word)
        : first(key.size() == WordKey::Size::kSmall ? key.words()[0] : key.hashed()),
          last(key.size() == WordKey::Size::kSmall ? key.words()[1] : uint64_t{word.size()} << 56) {}
    bool is_word() const { return last >> 56 < 16; }
    bool operator==(const Print& other) const { return ((first ^ other.first) | (last ^ other.last)) == 0; }
  };
  struct alignas(64) Line {
    std::array<Print, kWords> prints;
    std::array<int32_t, kWords> ids_above;  // ids and one, so that nothing is found in an empty place
    int32_t crowded;
  };

  void add(std::string_view word, int32_t id) {
    if (word.empty() || word.size() > WordKey::kMaxLength) return;
    const WordKey key(word, word.size());
    size_t at = place(key);
    for (; lines_[at].ids_above.back() != 0; at = (at + 1) & (lines_.size() - 1)) lines_[at].crowded = 1;
    size_t free = 0;
    while (lines_[at].ids_above[free] != 0) ++free;
    lines_[at].prints[free] = Print(key, word);
    lines_[at].ids_above[free] = id + 1;
  }
  // The cache of words takes its place from the lower bits of the hash.
  size_t place(const WordKey& key) const { return key.hashed() >> 32 & (lines_.size() - 1); }

  const Vocabulary& vocabulary_;
  ZeroedArray<Line> lines_;
};

}  // namespace malmoi::tokenizer
