// Text as the privacy rules see it: one code point a character, with the many ways to write a sign made one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace malmoi::data {

/// Code points of a piece of text: full-width ASCII as ASCII, letters a-z lower-cased, every hyphen and dash as '-',
/// every space as ' ' (line breaks stay '\n'), zero-width characters left out. Each keeps its place in the bytes.
struct FoldedText {
  std::u32string chars;
  std::vector<uint32_t> begin;  // byte offset of each character in the folded piece
  std::vector<uint32_t> end;    // byte offset after it

  explicit FoldedText(std::string_view piece);
  /// Two parts of another, [first, first_end) and [second, second_end), put together, with a space between or without:
  /// `begin` and `end` are then places among its characters.
  static FoldedText joined(const FoldedText& text, size_t first, size_t first_end, size_t second, size_t second_end,
                           bool space);
  size_t size() const { return chars.size(); }
  /// The character at i, or U+0000 outside.
  char32_t at(size_t i) const { return i < chars.size() ? chars[i] : U'\0'; }

 private:
  FoldedText() = default;
};

inline bool is_digit(char32_t c) { return c >= U'0' && c <= U'9'; }
inline bool is_letter(char32_t c) { return c >= U'a' && c <= U'z'; }  // folded: ASCII letters are lower-case
inline bool is_hangul(char32_t c) { return c >= 0xAC00 && c <= 0xD7A3; }

}  // namespace malmoi::data
