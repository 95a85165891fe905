// UTF-8: decoding, encoding, validation, and the replacement of ill-formed parts as Python's errors="replace" does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace malmoi {

struct Utf8Char {
  char32_t code_point;  // U+FFFD where the bytes are ill-formed
  uint8_t length;       // bytes consumed: of the character, or of the maximal ill-formed part; at least 1
  bool valid;
};

/// The character at text[offset]. Requires offset < text.size().
Utf8Char decode_utf8(std::string_view text, size_t offset);

/// Appends a code point (surrogates and values above U+10FFFF become U+FFFD).
void append_utf8(std::string& out, char32_t code_point);

bool is_valid_utf8(std::string_view text);

/// The text with one U+FFFD for each maximal ill-formed part (Unicode 15, section 3.9, table 3-8).
std::string replace_invalid_utf8(std::string_view text);

/// Whether a byte of valid UTF-8 goes on with a character that an earlier one began.
inline bool is_utf8_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

/// The bytes of the character that begins with `lead`, in valid UTF-8.
inline uint32_t utf8_length(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

/// The length of the longest prefix that does not end inside a character that more bytes could complete.
size_t complete_utf8_prefix(std::string_view text);

/// The number of code points; an ill-formed part counts as one.
size_t count_code_points(std::string_view text);

}  // namespace malmoi
