// A bounded per-thread cache of short words and their ids.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/prefetch.h"
#include "base/zeroed_array.h"
#include "tokenizer/models/id_sink.h"
#include "tokenizer/models/kept_word.h"

namespace malmoi::tokenizer {

/// Sets of four, filled in order, so that words that come early, as frequent ones do, stand in the first cache line. In a full
/// set a new word takes the place of any.
template <typename Word>
class WordTable {
 public:
  explicit WordTable(size_t words) : sets_(words / kWays) {}
  void prefetch(const WordKey& key) const { malmoi::prefetch(&set_of(key)); }
  const Word* find(const WordKey& key) const {
    for (const Word& word : set_of(key).words) {
      if (word.holds(key)) return &word;
      if (word.empty()) break;
    }
    return nullptr;
  }
  /// The place for a word.
  Word& make_room(const WordKey& key) {
    Set& set = set_of(key);
    for (Word& word : set.words)
      if (word.empty() || word.holds(key)) return word;
    return set.words[turn_++ % kWays];
  }

 private:
  static constexpr size_t kWays = 4;
  struct alignas(64) Set {
    std::array<Word, kWays> words;
  };
  const Set& set_of(const WordKey& key) const { return sets_[key.hashed() & (sets_.size() - 1)]; }
  Set& set_of(const WordKey& key) { return sets_[key.hashed() & (sets_.size() - 1)]; }
  ZeroedArray<Set> sets_;
  size_t turn_ = 0;
};

class WordCache {
 public:
  void prefetch(const WordKey& key) const {
    if (key.size() == WordKey::Size::kSmall) small_.prefetch(key);
    else if (key.size() == WordKey::Size::kMedium) medium_.prefetch(key);
    else large_.prefetch(key);
  }
  /// Appends the ids of a word of at most WordKey::kMaxLength bytes: from the cache, or as `encode_word(word, ids)` appends
  /// them. Returns the note that `encode_word` returned with them, 0 where it returns nothing.
  template <typename Encode>
  uint8_t encode(const WordKey& key, std::string_view word, IdSink& ids, Encode&& encode_word) {
    uint8_t note = 0;
    if (find(key, ids, note)) return note;
    misses_ = true;
    made_.clear();
    if constexpr (std::is_void_v<std::invoke_result_t<Encode, std::string_view, std::vector<int32_t>&>>)
      encode_word(word, made_);
    else note = encode_word(word, made_);
    keep(key, made_, note);
    ids.append(made_);
    return note;
  }

  template <typename Encode>
  uint8_t encode(const WordKey& key, std::string_view word, std::vector<int32_t>& ids, Encode&& encode_word) {
    IdSink sink(ids);
    return encode(key, word, sink, encode_word);
  }

  bool holds(const WordKey& key) const {
    switch (key.size()) {
      case WordKey::Size::kSmall: return small_.find(key) != nullptr;
      case WordKey::Size::kMedium: return medium_.find(key) != nullptr;
      case WordKey::Size::kLarge: break;
    }
    return large_.find(key) != nullptr;
  }
  /// Whether a word had to be encoded since misses were forgotten.
  bool misses() const { return misses_; }
  void forget_misses() { misses_ = false; }

 private:
  // A word stands in the table of its size.
  bool find(const WordKey& key, IdSink& ids, uint8_t& note) const {
    auto found_in = [&](const auto& table) {
      const auto* word = table.find(key);
      return word && word->read(ring_, ids, note);
    };
    switch (key.size()) {
      case WordKey::Size::kSmall: return found_in(small_);
      case WordKey::Size::kMedium: return found_in(medium_);
      case WordKey::Size::kLarge: break;
    }
    return found_in(large_);
  }
  void keep(const WordKey& key, std::span<const int32_t> ids, uint8_t note) {
    if (key.size() == WordKey::Size::kSmall) small_.make_room(key).write(key, ids, note, ring_);
    else if (key.size() == WordKey::Size::kMedium) medium_.make_room(key).write(key, ids, note, ring_);
    else large_.make_room(key).write(key, ids, note, ring_);
  }

  std::vector<int32_t> made_;
  bool misses_ = true;
  WordTable<KeptWord<2, 2>> small_{size_t{1} << 17};   // 4 MiB
  WordTable<KeptWord<3, 5>> medium_{size_t{1} << 15};  // 2 MiB
  WordTable<KeptWord<5, 3>> large_{size_t{1} << 15};   // 2 MiB
  IdRing ring_;
};

/// The next few words of a text, for which memory is asked all at once before any of it is read.
class WordBatch {
 public:
  static constexpr size_t kMost = 32;

  /// Takes words from `at` on, each being the view that `next_word(at)` gives. Returns where the words behind them begin.
  template <typename NextWord>
  size_t take(const WordCache& cache, std::string_view text, size_t at, NextWord&& next_word) {
    for (size_ = 0; size_ < kMost && at < text.size(); ++size_) {
      words_[size_] = next_word(at);
      const auto begin = static_cast<size_t>(words_[size_].data() - text.data());
      if (words_[size_].size() <= WordKey::kMaxLength) {
        keys_[size_] = WordKey(words_[size_], text.size() - begin);
        cache.prefetch(keys_[size_]);
      }
      at = begin + words_[size_].size();
    }
    return at;
  }
  /// Calls visit(word, key) for each in order; `key` is null for words that are too long.
  template <typename Visit>
  void each(Visit&& visit) const {
    for (size_t i = 0; i < size_; ++i) visit(words_[i], words_[i].size() <= WordKey::kMaxLength ? &keys_[i] : nullptr);
  }

 private:
  std::array<WordKey, kMost> keys_;
  std::array<std::string_view, kMost> words_;
  size_t size_ = 0;
};

/// Cuts a text by `next_word(at)`, the view of the first word from there on, and calls visit(word, key) for each word in order,
/// a few words after asking for the memory that the cache needs for it. `key` is null for words that are too long.
template <typename NextWord, typename Visit>
void each_word(const WordCache& cache, std::string_view text, NextWord&& next_word, Visit&& visit) {
  WordBatch batch;
  for (size_t at = 0; at < text.size();) {
    at = batch.take(cache, text, at, next_word);
    batch.each(visit);
  }
}

/// Encodes the words of a text, each up to `next_end(begin)`, through the cache. `encode_word(word, key, ids)` appends the ids
/// of a word that is not in the cache or, `key` being null, too long for it. `expect(key)` is called some time before for most
/// of those in a text whose words are new, to ask for the memory that it will need.
template <typename NextEnd, typename Expect, typename Encode>
void encode_words(WordCache& cache, std::string_view text, std::vector<int32_t>& ids, NextEnd&& next_end,
                  Expect&& expect, Encode&& encode_word) {
  IdSink sink(ids);
  WordBatch batch;
  std::vector<int32_t> made;
  for (size_t at = 0; at < text.size();) {
    at = batch.take(cache, text, at, [&](size_t begin) { return text.substr(begin, next_end(begin) - begin); });
    if (cache.misses()) {
      batch.each([&](std::string_view, const WordKey* key) {
        if (key && !cache.holds(*key)) expect(*key);
      });
    }
    cache.forget_misses();
    batch.each([&](std::string_view word, const WordKey* key) {
      if (key) {
        cache.encode(*key, word, sink,
                     [&](std::string_view word, std::vector<int32_t>& out) { encode_word(word, key, out); });
      } else {
        made.clear();
        encode_word(word, key, made);
        sink.append(made);
      }
    });
  }
}

/// The cache of the calling thread for the model with this number (from `next_model_number`). A thread keeps the caches
/// of the few models that it used last.
WordCache& thread_word_cache(uint64_t model_number);
uint64_t next_model_number();

}  // namespace malmoi::tokenizer
