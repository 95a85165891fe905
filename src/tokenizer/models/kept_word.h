// A word as the cache of words keeps it: a key of machine words, and its ids.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

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

}  // namespace malmoi::tokenizer
