#include "chat/jinja/unicode.h"

#include <algorithm>

#include <unicode/casemap.h>
#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include "base/ascii.h"
#include "base/utf8.h"

namespace malmoi::chat::jinja {
namespace {

UChar32 icu(char32_t c) { return static_cast<UChar32>(c); }

char ascii_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

icu::UnicodeString utf16(std::string_view text) {
  return icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
}

std::string utf8(const icu::UnicodeString& text) {
  std::string out;
  text.toUTF8String(out);
  return out;
}

bool cased(char32_t c) { return is_lower(c) || is_upper(c) || is_title(c); }

// The title case of one character, all of it: "ǆ" -> "ǅ", "ß" -> "Ss".
std::string title_of(char32_t c) {
  std::string bytes;
  append_utf8(bytes, c);
  if (c < 0x80) return std::string(1, ascii_upper(bytes[0]));
  icu::UnicodeString from = utf16(bytes);
  char16_t buffer[16];
  UErrorCode error = U_ZERO_ERROR;
  int32_t length = icu::CaseMap::toTitle("", U_TITLECASE_WHOLE_STRING | U_TITLECASE_NO_BREAK_ADJUSTMENT, nullptr,
                                         from.getBuffer(), from.length(), buffer, 16, nullptr, error);
  return U_SUCCESS(error) ? utf8(icu::UnicodeString(buffer, length)) : bytes;
}

// Lower case where the character stands: a sigma at the end of a word has a form of its own.
std::string lower_at(const std::u32string& text, size_t at) {
  char32_t c = text[at];
  if (c == U'Σ') {
    auto ignorable = [](char32_t x) { return u_hasBinaryProperty(icu(x), UCHAR_CASE_IGNORABLE) != 0; };
    size_t before = at, after = at + 1;
    while (before > 0 && ignorable(text[before - 1])) --before;
    while (after < text.size() && ignorable(text[after])) ++after;
    auto is_cased = [](char32_t x) { return u_hasBinaryProperty(icu(x), UCHAR_CASED) != 0; };
    bool final = before > 0 && is_cased(text[before - 1]) && (after == text.size() || !is_cased(text[after]));
    return final ? "ς" : "σ";
  }
  std::string bytes;
  append_utf8(bytes, c);
  return to_lower(bytes);
}

}  // namespace

bool is_space(char32_t c) {
  if (c < 0x80) return (c >= 9 && c <= 13) || (c >= 28 && c <= 32);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_line_end(char32_t c) {
  return (c >= 10 && c <= 13) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool is_alpha(char32_t c) { return (U_GET_GC_MASK(icu(c)) & U_GC_L_MASK) != 0; }
bool is_decimal(char32_t c) { return u_charType(icu(c)) == U_DECIMAL_DIGIT_NUMBER; }
bool is_digit(char32_t c) {
  int32_t type = u_getIntPropertyValue(icu(c), UCHAR_NUMERIC_TYPE);
  return type == U_NT_DECIMAL || type == U_NT_DIGIT;
}
bool is_numeric(char32_t c) { return u_getIntPropertyValue(icu(c), UCHAR_NUMERIC_TYPE) != U_NT_NONE; }
bool is_lower(char32_t c) { return u_isULowercase(icu(c)) != 0; }
bool is_upper(char32_t c) { return u_isUUppercase(icu(c)) != 0; }
bool is_title(char32_t c) { return u_charType(icu(c)) == U_TITLECASE_LETTER; }
bool is_identifier_start(char32_t c) { return c == '_' || u_hasBinaryProperty(icu(c), UCHAR_XID_START) != 0; }
bool is_identifier_part(char32_t c) { return c == '_' || u_hasBinaryProperty(icu(c), UCHAR_XID_CONTINUE) != 0; }

bool is_printable(char32_t c) {
  if (c < 0x7F) return c >= 0x20;
  constexpr uint32_t kHidden = U_GC_C_MASK | U_GC_Z_MASK;
  return (U_GET_GC_MASK(icu(c)) & kHidden) == 0;
}

int digit_value(char32_t c) { return is_decimal(c) ? u_charDigitValue(icu(c)) : -1; }

char32_t character_named(const std::string& name) {
  UErrorCode error = U_ZERO_ERROR;
  UChar32 found = u_charFromName(U_CHAR_NAME_ALIAS, name.c_str(), &error);
  if (U_FAILURE(error)) {
    error = U_ZERO_ERROR;
    found = u_charFromName(U_EXTENDED_CHAR_NAME, name.c_str(), &error);
  }
  return U_SUCCESS(error) ? static_cast<char32_t>(found) : 0;
}

std::string to_upper(std::string_view text) {
  if (!is_ascii(text)) return utf8(utf16(text).toUpper(icu::Locale::getRoot()));
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), ascii_upper);
  return out;
}

std::string to_lower(std::string_view text) {
  return is_ascii(text) ? ascii_lower(text) : utf8(utf16(text).toLower(icu::Locale::getRoot()));
}

std::string case_folded(std::string_view text) { return utf8(utf16(text).foldCase()); }

std::string capitalised(std::string_view text) {
  std::string out;
  const std::u32string all = code_points(text);
  for (size_t i = 0; i < all.size(); ++i) out += i == 0 ? title_of(all[i]) : lower_at(all, i);
  return out;
}

std::string title_cased(std::string_view text) {
  std::string out;
  const std::u32string all = code_points(text);
  bool within = false;
  for (size_t i = 0; i < all.size(); ++i) {
    out += within ? lower_at(all, i) : title_of(all[i]);
    within = cased(all[i]);
  }
  return out;
}

std::string case_swapped(std::string_view text) {
  std::string out;
  const std::u32string all = code_points(text);
  for (size_t i = 0; i < all.size(); ++i) {
    if (is_upper(all[i])) {
      out += lower_at(all, i);
      continue;
    }
    std::string bytes;
    append_utf8(bytes, all[i]);
    out += is_lower(all[i]) ? to_upper(bytes) : bytes;
  }
  return out;
}

std::u32string code_points(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    Utf8Char c = decode_utf8(text, at);
    out += c.code_point;
    at += c.length;
  }
  return out;
}

size_t first_bytes(std::string_view text, int64_t count) {
  size_t at = 0;
  for (; count > 0 && at < text.size(); --count) at += utf8_length(text[at]);
  return at;
}

bool is_of_one_case(std::string_view text, bool (*wanted)(char32_t)) {
  bool any = false;
  for (char32_t c : code_points(text)) {
    if (wanted(c)) any = true;
    else if (cased(c)) return false;
  }
  return any;
}

}  // namespace malmoi::chat::jinja
