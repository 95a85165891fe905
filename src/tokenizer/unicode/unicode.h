// Character classes as the reference libraries have them (each at its own Unicode version), case, scripts, graphemes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace malmoi::tokenizer {

/// Flags of a character. `k...` of regular expressions are Unicode 16.0; the order is that of tools/unicode_tables.py.
enum CharClass : uint32_t {
  kLetter = 1u << 0,
  kNumber = 1u << 1,
  kMark = 1u << 2,
  kPunct = 1u << 3,
  kSymbol = 1u << 4,
  kSpace = 1u << 5,
  kWord = 1u << 6,  // \w of Oniguruma
  kDecimal = 1u << 7,
  kUpper = 1u << 8,
  kTitle = 1u << 9,
  kLower = 1u << 10,
  kModifier = 1u << 11,
  kOtherLetter = 1u << 12,
  kHan = 1u << 13,
  kHangul = 1u << 14,
  kPunctuation = 1u << 15,  // the Punctuation pre-tokenizer's (Unicode 8 and ASCII symbols)
  kDigit = 1u << 16,        // the Digits pre-tokenizer's
  kRustWord = 1u << 17,     // \w of Rust: the Whitespace pre-tokenizer's and the added tokens'
  kAccent = 1u << 18,       // what StripAccents drops
  kBertAccent = 1u << 19,   // what BERT drops after decomposition
  kBertControl = 1u << 20,  // what BERT's clean_text drops
  kBertChinese = 1u << 21,
};

/// A value for every code point in two stages; blocks of equal content are shared.
template <typename T>
class CodePointTable {
 public:
  struct Run {
    char32_t start;
    T value;
  };
  explicit CodePointTable(std::span<const Run> runs);
  T operator[](char32_t c) const { return c < 0x110000 ? values_[size_t{blocks_[c >> 8]} << 8 | (c & 0xFF)] : T{}; }

 private:
  std::array<uint16_t, 0x1100> blocks_{};
  std::vector<T> values_;
};

const CodePointTable<uint32_t>& char_classes();
inline uint32_t classes_of(char32_t c) { return char_classes()[c]; }
inline bool is_space(char32_t c) { return (classes_of(c) & kSpace) != 0; }

/// Characters younger than Unicode 14, which the regular expression engine does not class yet.
bool is_young(char32_t c);
std::vector<char32_t> young_characters();

/// Lower case of one character without context, at most two characters.
struct Lower {
  char32_t first, second;  // second 0: none
};
Lower to_lower(char32_t c);

/// The script as the UnicodeScripts pre-tokenizer counts it; 0: any (spaces, unassigned).
int script_of(char32_t c);

/// The end of the extended grapheme cluster that begins at `begin`.
size_t grapheme_end(std::string_view text, size_t begin);

}  // namespace malmoi::tokenizer
