// Freeing text of characters that carry none, and composing it (NFC).
#include <unicode/unorm2.h>

#include <string>

#include "base/utf8.h"
#include "data/encoding.h"
#include "data/encoding/convert.h"

namespace malmoi::data {
namespace {

bool is_removed(char32_t c) {
  if (c < 0x20) return c != '\n' && c != '\t';
  if (c >= 0x7F && c < 0xA0) return true;
  switch (c) {
    case 0x00AD:
    case 0x034F:
    case 0x061C:
    case 0x180E:
    case 0x200B:
    case 0x200E:
    case 0x200F:
    case 0x2060:
    case 0xFEFF:
    case 0xFFFE:
    case 0xFFFF: return true;
    default:
      return (c >= 0x202A && c <= 0x202E) || (c >= 0x2061 && c <= 0x206F) || (c >= 0xFFF9 && c <= 0xFFFB) ||
             (c >= 0xE0000 && c <= 0xE007F) || (c >= 0xFDD0 && c <= 0xFDEF);
  }
}

// Zero-width joiners mean something between emoji, and in the scripts that shape by them.
bool joins(char32_t before, char32_t after) {
  auto emoji = [](char32_t c) { return (c >= 0x2190 && c <= 0x2BFF) || c == 0xFE0F || (c >= 0x1F000 && c <= 0x1FAFF); };
  auto shaping = [](char32_t c) {
    return (c >= 0x0600 && c <= 0x08FF) || (c >= 0x0900 && c <= 0x0DFF) || (c >= 0xFB50 && c <= 0xFEFC);
  };
  return (emoji(before) && emoji(after)) || (shaping(before) && shaping(after));
}

bool needs_no_work(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 ? c != '\n' && c != '\t' : c >= 0x7F && !(c >= 0xEA && c <= 0xED)) return false;
    if (c >= 0xEA) {  // Hangul syllables stand as they are; a surrogate cannot occur in valid UTF-8
      if (c == 0xED && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) > 0x9E) return false;
      if (c == 0xEA && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xB0) return false;
      i += 2;
    }
  }
  return true;
}

std::string compose(const std::string& text) {
  UErrorCode error = U_ZERO_ERROR;
  const UNormalizer2* nfc = unorm2_getNFCInstance(&error);
  std::u16string wide, composed;
  wide.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    Utf8Char c = decode_utf8(text, i);
    i += c.length;
    if (c.code_point >= 0x10000) {
      wide += static_cast<char16_t>(0xD7C0 + (c.code_point >> 10));
      wide += static_cast<char16_t>(0xDC00 + (c.code_point & 0x3FF));
    } else {
      wide += static_cast<char16_t>(c.code_point);
    }
  }
  if (unorm2_quickCheck(nfc, wide.data(), static_cast<int32_t>(wide.size()), &error) == UNORM_YES) return text;
  error = U_ZERO_ERROR;
  composed.resize(wide.size() + wide.size() / 2 + 16);
  int32_t n = unorm2_normalize(nfc, wide.data(), static_cast<int32_t>(wide.size()), composed.data(),
                               static_cast<int32_t>(composed.size()), &error);
  if (error == U_BUFFER_OVERFLOW_ERROR) {
    error = U_ZERO_ERROR;
    composed.resize(static_cast<size_t>(n));
    n = unorm2_normalize(nfc, wide.data(), static_cast<int32_t>(wide.size()), composed.data(),
                         static_cast<int32_t>(composed.size()), &error);
  }
  if (U_FAILURE(error)) return text;
  std::string out;
  out.reserve(text.size());
  internal::append_utf16(out, composed.data(), static_cast<size_t>(n));
  return out;
}

}  // namespace

std::string clean_characters(std::string_view text) {
  if (needs_no_work(text)) return std::string(text);
  std::string out;
  out.reserve(text.size());
  char32_t previous = 0;
  for (size_t i = 0; i < text.size();) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte < 0x7F) {
      out += text[i++];
      previous = byte;
      continue;
    }
    Utf8Char c = decode_utf8(text, i);
    i += c.length;
    char32_t u = c.code_point;
    if (u == '\r') {
      if (i < text.size() && text[i] == '\n') continue;
      u = '\n';
    } else if (u == 0x2028 || u == 0x2029 || u == 0x85 || u == '\f' || u == '\v') {
      u = '\n';
    } else if (u == 0xA0 || u == 0x202F) {
      u = ' ';
    } else if (u == 0x200C || u == 0x200D) {
      char32_t next = i < text.size() ? decode_utf8(text, i).code_point : 0;
      if (!joins(previous, next)) continue;
    } else if (is_removed(u)) {
      continue;
    }
    append_utf8(out, u);
    previous = u;
  }
  return compose(out);
}

}  // namespace malmoi::data
