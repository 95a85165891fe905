// Normalisation a word at a time, so that a model can remember words as they stand in the text.
//
// Worked example, SentencePiece with NFKC: of "Ｍalmoi  ﬁnds" the words are "Ｍalmoi" (between the beginning and a space) and
// "ﬁnds"; normalize_word makes "Malmoi" and "finds" of them, each alone, as normalising the whole text would. A rule that looks
// over a space, say one that makes one character of "t h", would break that: normalize_word then returns false for "t".
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace malmoi::tokenizer {

/// The rules of a normalizer that makes of each word, a run of characters between spaces, what it would make of it alone, and
/// of each space the mark U+2581. Immutable and thread-safe.
class WordNormalizer {
 public:
  virtual ~WordNormalizer() = default;
  /// Whether these rules, as they are set, work by words at all.
  virtual bool usable() const = 0;
  /// Runs of spaces count as one, and none is left at the ends of a text.
  virtual bool merges_spaces() const = 0;
  /// A mark is put before the text.
  virtual bool marks_first() const = 0;
  /// Appends what becomes of a word, a mark for each space in that. False where what follows the word may change it, or
  /// where marks of its own come out of it: such a text must be normalised as a whole.
  virtual bool normalize_word(std::string_view word, std::string& out) const = 0;

  bool is_space(char c) const {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= ' ' && is_space_[byte];
  }
  /// The first space from `at` on, or the end. Eight bytes at a time: a byte up to ' ' sets its highest bit in `low`.
  size_t word_end(std::string_view text, size_t at) const {
    constexpr uint64_t kOnes = 0x0101010101010101ull, kHighest = 0x80 * kOnes;
    while (at + sizeof(uint64_t) <= text.size()) {
      uint64_t bytes;
      std::memcpy(&bytes, text.data() + at, sizeof bytes);
      const uint64_t low = (bytes - (' ' + 1) * kOnes) & ~bytes & kHighest;
      if (low == 0) {
        at += sizeof bytes;
        continue;
      }
      at += static_cast<size_t>(std::countr_zero(low)) / 8;  // the lowest one is exact
      if (is_space(text[at])) return at;
      ++at;
    }
    while (at < text.size() && !is_space(text[at])) ++at;
    return at;
  }

 protected:
  std::array<bool, ' ' + 1> is_space_{};  // the ASCII characters that are spaces to these rules
};

}  // namespace malmoi::tokenizer
