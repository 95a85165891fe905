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

// How many bytes from `at` on stay as they are: printed ASCII, line breaks, tabs, and Hangul syllables.
size_t plain_run(std::string_view text, size_t at) {
  size_t i = at;
  while (i < text.size()) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x7F) {
      if (c < 0x20 && c != '\n' && c != '\t') break;
      ++i;
      continue;
    }
    if (c < 0xEA || c > 0xED || i + 2 >= text.size()) break;
    auto next = static_cast<unsigned char>(text[i + 1]);
    if ((c == 0xEA && next < 0xB0) || (c == 0xED && next > 0x9D)) break;
    i += 3;
  }
  return i - at;
}

// Characters that NFC leaves alone whatever stands beside them; a syllable before a letter that would join it is not
// among its neighbours here.
bool stays_composed(char32_t c) {
  return c < 0x300 || (c >= 0x400 && c < 0x480) || (c >= 0x2010 && c < 0x2027) || (c >= 0x2500 && c < 0x2700) ||
         (c >= 0x3000 && c < 0x302A) || (c >= 0x30A1 && c < 0x30FB) || (c >= 0x3131 && c < 0x3200) ||
         (c >= 0x4E00 && c < 0x9FA6) || (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xFF00 && c < 0xFF60);
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
  std::string out;
  out.reserve(text.size());
  char32_t previous = 0;
  bool composed = true;
  for (size_t i = 0; i < text.size();) {
    if (size_t run = plain_run(text, i); run > 0) {
      out.append(text.substr(i, run));
      i += run;
      previous = static_cast<unsigned char>(text[i - 1]) < 0x80 ? static_cast<unsigned char>(text[i - 1]) : 0xAC00;
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
    composed &= stays_composed(u);
    previous = u;
  }
  return composed ? out : compose(out);
}

}  // namespace malmoi::data
