#include "base/utf8.h"

namespace malmoi {
namespace {

// Length of a well-formed sequence by its first byte, 0 if it cannot begin one.
int expected_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// Whether `second` may follow `lead`: excludes overlong forms, surrogates and values above U+10FFFF.
bool second_byte_fits(unsigned char lead, unsigned char second) {
  switch (lead) {
    case 0xE0: return second >= 0xA0 && second <= 0xBF;
    case 0xED: return second >= 0x80 && second <= 0x9F;
    case 0xF0: return second >= 0x90 && second <= 0xBF;
    case 0xF4: return second >= 0x80 && second <= 0x8F;
    default: return is_utf8_continuation(static_cast<char>(second));
  }
}

}  // namespace

Utf8Char decode_utf8(std::string_view text, size_t offset) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[offset + i]); };
  unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  int length = expected_length(lead);
  if (length == 0) return {0xFFFD, 1, false};
  size_t left = text.size() - offset;
  if (left < 2 || !second_byte_fits(lead, byte(1))) return {0xFFFD, 1, false};
  char32_t code = lead & (0x7F >> length);
  code = code << 6 | (byte(1) & 0x3F);
  for (int i = 2; i < length; ++i) {
    if (static_cast<size_t>(i) >= left || !is_utf8_continuation(text[offset + i]))
      return {0xFFFD, static_cast<uint8_t>(i), false};
    code = code << 6 | (byte(i) & 0x3F);
  }
  return {code, static_cast<uint8_t>(length), true};
}

void append_utf8(std::string& out, char32_t c) {
  if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) c = 0xFFFD;
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

bool is_valid_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      ++i;
      continue;
    }
    Utf8Char c = decode_utf8(text, i);
    if (!c.valid) return false;
    i += c.length;
  }
  return true;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    Utf8Char c = decode_utf8(text, i);
    if (c.valid) out.append(text.substr(i, c.length));
    else out += "\xEF\xBF\xBD";
    i += c.length;
  }
  return out;
}

size_t complete_utf8_prefix(std::string_view text) {
  // Only the last three bytes can be the beginning of an unfinished character.
  size_t start = text.size() > 3 ? text.size() - 3 : 0;
  for (size_t i = start; i < text.size(); ++i) {
    int length = expected_length(static_cast<unsigned char>(text[i]));
    if (length < 2 || i + static_cast<size_t>(length) <= text.size()) continue;
    bool could_complete = true;
    for (size_t j = i + 1; j < text.size(); ++j) {
      bool fits = j == i + 1
                      ? second_byte_fits(static_cast<unsigned char>(text[i]), static_cast<unsigned char>(text[j]))
                      : is_utf8_continuation(text[j]);
      if (!fits) could_complete = false;
    }
    if (could_complete) return i;
  }
  return text.size();
}

size_t count_code_points(std::string_view text) {
  size_t n = 0;
  for (size_t i = 0; i < text.size(); i += decode_utf8(text, i).length) ++n;
  return n;
}

}  // namespace malmoi
