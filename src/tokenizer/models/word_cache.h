// A bounded per-thread cache of short words and their ids.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/zeroed_array.h"
#include "tokenizer/models/id_sink.h"

namespace malmoi::tokenizer {

/// A word of at most 39 bytes as numbers, to be compared and hashed as such: two machine words for at most 15 bytes, three
/// for 23, five for 39; the length stands in their last byte, zeros between.
class WordKey {
 public:
  static constexpr size_t kMaxLength = 39;
  enum class Size : uint8_t { kSmall, kMedium, kLarge };

  WordKey() = default;
  /// `room`: bytes that may be read from the beginning of the word on.
  WordKey(std::string_view word, size_t room) {
    const size_t n = word.size();
    const char* from = word.data();
    if (n < 16) {
      size_ = Size::kSmall;
      if (room < 16) {
        load_all(from, n);
      } else {
        const size_t low = std::min<size_t>(n, 8);
        words_[0] = first_bytes(from, low);
        words_[1] = first_bytes(from + 8, n - low);
      }
      words_[1] |= uint64_t{n} << 56;
      hash_ = mix(words_[0], words_[1]);
      return;
    }
    size_ = n < 24 ? Size::kMedium : Size::kLarge;
    const size_t count = n < 24 ? 3 : 5;
    words_[2] = words_[3] = words_[4] = 0;
    std::memcpy(words_.data(), from, n - n % 8);
    uint64_t last = 0;
    std::memcpy(&last, from + (n - n % 8), n % 8);
    words_[n / 8] = last;
    words_[count - 1] |= uint64_t{n} << 56;
    hash_ = mix(mix(words_[0], words_[1]) ^ words_[2], mix(words_[3], words_[4]));
  }
  Size size() const { return size_; }
  uint64_t hashed() const { return hash_; }
  const std::array<uint64_t, 5>& words() const { return words_; }

 private:
  // The first n of eight bytes that may be read, zeros above.
  static uint64_t first_bytes(const char* from, size_t n) {
    uint64_t value;
    std::memcpy(&value, from, sizeof value);
    return n == 8 ? value : value & ((uint64_t{1} << 8 * n) - 1);
  }
  // A short word whose end is the end of what may be read: the first and the last bytes, overlapping.
  void load_all(const char* from, size_t n) {
    auto bytes = [&]<typename T>(T value, size_t at) {
      std::memcpy(&value, from + at, sizeof value);
      return uint64_t{value};
    };
    words_[0] = words_[1] = 0;
    if (n >= 8) {
      words_[0] = bytes(uint64_t{}, 0);
      if (n > 8) words_[1] = bytes(uint64_t{}, n - 8) >> 8 * (16 - n);
    } else if (n >= 4) {
      words_[0] = bytes(uint32_t{}, 0) | bytes(uint32_t{}, n - 4) << 8 * (n - 4);
    } else if (n > 0) {
      const size_t middle = n / 2, last = n - 1;
      words_[0] = bytes(uint8_t{}, 0) | bytes(uint8_t{}, middle) << 8 * middle | bytes(uint8_t{}, last) << 8 * last;
    }
  }
  // Both halves of the product, so that every bit counts (wyhash's step).
  static uint64_t mix(uint64_t a, uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a ^ 0x9E3779B97F4A7C15ull) * (b ^ 0xD6E8FEB86659FD93ull);
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }

  std::array<uint64_t, 5> words_;  // what a size does not use is not set
  uint64_t hash_ = 0;
  Size size_ = Size::kSmall;
};

/// Ids one behind the other, of which the oldest are written over.
class IdRing {
 public:
  /// Where the ids stand from now on.
  uint64_t push(std::span<const int32_t> ids) {
    if (next_ % kIds + ids.size() > kIds) next_ += kIds - next_ % kIds;  // in one piece
    const uint64_t at = next_;
    for (size_t i = 0; i < ids.size(); ++i) ids_[at % kIds + i] = ids[i];
    next_ += ids.size();
    return at;
  }
  /// The ids pushed there; null where they were written over.
  const int32_t* at(uint64_t place) const { return next_ - place <= kIds ? &ids_[place % kIds] : nullptr; }

 private:
  static constexpr size_t kIds = size_t{1} << 18;  // 1 MiB
  ZeroedArray<int32_t> ids_{kIds};
  uint64_t next_ = 0;
};

/// A word and its ids, three of 20 bits in each of `id_words`, since memory beyond the second-level cache is what looking
/// words up costs; ids that do not fit stand in a ring, and here where. Above them stand four bits each of a number: five bits
/// of a note, then how many ids there are.
template <size_t key_words, size_t id_words>
class KeptWord {
 public:
  static constexpr size_t kMaxIds = 3 * id_words;

  bool holds(const WordKey& word) const {
    bool same = true;
    for (size_t i = 0; i < key_words; ++i) same &= key_[i] == word.words()[i];
    return same;
  }
  bool empty() const { return key_.back() == 0; }
  /// Appends the ids and gives the note; false where the ring has written over them.
  bool read(const IdRing& ring, IdSink& ids, uint8_t& note) const {
    const uint32_t number = about();
    note = static_cast<uint8_t>(number & ((1 << kNoteBits) - 1));
    if (const uint32_t count = number >> kNoteBits; count != kElsewhere) {
      int32_t* out = ids.room(kMaxIds);
      for (size_t i = 0; i < id_words; ++i)
        for (size_t k = 0; k < 3; ++k) out[3 * i + k] = static_cast<int32_t>(packed_[i] >> 20 * k & kMostId);
      ids.take(count);
      return true;
    }
    const int32_t* from = ring.at(packed_[0] & kIds);
    if (from) ids.append({from, packed_[1] & kIds});
    return from != nullptr;
  }
  void write(const WordKey& word, std::span<const int32_t> ids, uint8_t note, IdRing& ring) {
    std::memcpy(key_.data(), word.words().data(), sizeof key_);
    packed_ = {};
    const bool fits = ids.size() <= kMaxIds && std::all_of(ids.begin(), ids.end(), [](int32_t id) {
                        return static_cast<uint32_t>(id) <= kMostId;
                      });
    if (fits) {
      for (size_t i = 0; i < ids.size(); ++i) packed_[i / 3] |= uint64_t{static_cast<uint32_t>(ids[i])} << 20 * (i % 3);
    } else {
      packed_[0] = ring.push(ids) & kIds;
      packed_[1] = ids.size();
    }
    const auto count = static_cast<uint32_t>(fits ? ids.size() : kElsewhere);
    const uint32_t number = note | count << kNoteBits;
    for (size_t i = 0; i < kNibbles; ++i) packed_[i] |= uint64_t{number >> 4 * i & 15} << 60;
  }

 private:
  static constexpr size_t kNibbles = id_words < 3 ? 2 : 3;
  static constexpr uint32_t kNoteBits = 5, kElsewhere = (1u << (4 * kNibbles - kNoteBits)) - 1;
  static constexpr uint64_t kMostId = (1 << 20) - 1, kIds = (uint64_t{1} << 60) - 1;
  static_assert(id_words >= 2 && kMaxIds < kElsewhere);
  uint32_t about() const {
    uint64_t number = packed_[0] >> 60 | packed_[1] >> 60 << 4;
    if constexpr (kNibbles > 2) number |= packed_[2] >> 60 << 8;
    return static_cast<uint32_t>(number);
  }

  std::array<uint64_t, key_words> key_{};
  std::array<uint64_t, id_words> packed_{};
};

/// Sets of four, filled in order, so that words that come early, as frequent ones do, stand in the first cache line. In a full
/// set a new word takes the place of any.
template <typename Word>
class WordTable {
 public:
  explicit WordTable(size_t words) : sets_(words / kWays) {}
  void prefetch(const WordKey& key) const {
    const Set& set = set_of(key);
    __builtin_prefetch(&set);
    __builtin_prefetch(reinterpret_cast<const char*>(&set) + 64);
  }
  const Word* find(const WordKey& key) const {
    for (const Word& word : set_of(key).words)
      if (word.holds(key)) return &word;
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
  WordTable<KeptWord<2, 2>> small_{size_t{1} << 17};   // 4 MiB
  WordTable<KeptWord<3, 5>> medium_{size_t{1} << 15};  // 2 MiB
  WordTable<KeptWord<5, 3>> large_{size_t{1} << 14};   // 1 MiB
  IdRing ring_;
};

/// Cuts a text by `next_word(at)`, the view of the first word from there on, and calls visit(word, key) for each word in order,
/// a few words after asking for the memory that the cache needs for it. `key` is null for words that are too long.
template <typename NextWord, typename Visit>
void each_word(const WordCache& cache, std::string_view text, NextWord&& next_word, Visit&& visit) {
  constexpr size_t kAhead = 16;
  std::array<WordKey, kAhead> keys;
  std::array<std::string_view, kAhead> words;
  for (size_t at = 0; at < text.size();) {
    size_t n = 0;
    for (; n < kAhead && at < text.size(); ++n) {
      words[n] = next_word(at);
      const auto begin = static_cast<size_t>(words[n].data() - text.data());
      if (words[n].size() <= WordKey::kMaxLength) {
        keys[n] = WordKey(words[n], text.size() - begin);
        cache.prefetch(keys[n]);
      }
      at = begin + words[n].size();
    }
    for (size_t i = 0; i < n; ++i) visit(words[i], words[i].size() <= WordKey::kMaxLength ? &keys[i] : nullptr);
  }
}

/// Encodes the words of a text, each up to `next_end(begin)`, through the cache. `encode_word(word, ids)` appends the ids of a word that is not in the
/// cache or too long for it.
template <typename NextEnd, typename Encode>
void encode_words(WordCache& cache, std::string_view text, std::vector<int32_t>& ids, NextEnd&& next_end,
                  Encode&& encode_word) {
  IdSink sink(ids);
  std::vector<int32_t> made;
  each_word(
      cache, text, [&](size_t begin) { return text.substr(begin, next_end(begin) - begin); },
      [&](std::string_view word, const WordKey* key) {
        if (key) {
          cache.encode(*key, word, sink, encode_word);
        } else {
          made.clear();
          encode_word(word, made);
          sink.append(made);
        }
      });
}

/// The cache of the calling thread for the model with this number (from `next_model_number`). A thread keeps the caches
/// of the few models that it used last.
WordCache& thread_word_cache(uint64_t model_number);
uint64_t next_model_number();

}  // namespace malmoi::tokenizer
