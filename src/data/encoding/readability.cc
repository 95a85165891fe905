#include "data/encoding/readability.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "data/encoding/convert.h"

namespace malmoi::data::internal {
namespace {

// Bits of what no list has: a character that the language's encodings do not hold, and ASCII (the same in each language,
// so that it counts only where one reading takes an ASCII byte into a character of two).
constexpr double kForeignBits = 23, kLetterBits = 5, kSpaceBits = 3, kControlBits = 20;
// Upper case after lower case within a word; two letters outside ASCII side by side, or one without any beside it, in a
// language whose words are mostly ASCII; a Latin letter touching an East Asian one, or one of another alphabet.
constexpr double kCaseBits = 6, kLonelyBits = 3, kTouchBits = 2, kMixedBits = 8;
// An East Asian character with Latin letters on both sides.
constexpr double kEnclosedBits = 6;
// A character again: ㅋㅋㅋ, a line of dashes.
constexpr double kRepeatBits = 3;
// A text may have been cut within its last character.
constexpr double kCutBits = 15;
// A letter of an alphabet for which there is no list of common ones.
constexpr double kDeclaredAlphabetBits = 7;
// What a capital costs over the small letter of it.
constexpr double kCapitalBits = 3;

// In tenths of a bit, by code point.
class CostTable {
 public:
  explicit CostTable(double bits) : tenths_(0x10000, static_cast<uint8_t>(bits * 10)) {}
  void set(char32_t c, double bits) {
    if (c < tenths_.size()) tenths_[c] = static_cast<uint8_t>(bits * 10);
  }
  void lower(char32_t c, double bits) {
    if (c < tenths_.size()) tenths_[c] = std::min(tenths_[c], static_cast<uint8_t>(bits * 10));
  }
  double operator[](char32_t c) const { return c < tenths_.size() ? tenths_[c] / 10.0 : kForeignBits; }

 private:
  std::vector<uint8_t> tenths_;
};

template <typename Visit>
void each_character(std::string_view text, Visit visit) {
  for (size_t i = 0; i < text.size();) {
    Utf8Char c = decode_utf8(text, i);
    i += c.length;
    visit(c.code_point);
  }
}

struct CodeRange {
  const char* encoding;
  unsigned char first_lead, last_lead, first_trail, last_trail;
  double bits;
};

// Every double byte of a range, decoded, gets the bits of the range.
void set_range(CostTable& table, const CodeRange& range) {
  std::string bytes;
  for (int lead = range.first_lead; lead <= range.last_lead; ++lead)
    for (int trail = range.first_trail; trail <= range.last_trail; ++trail)
      bytes += {static_cast<char>(lead), static_cast<char>(trail), '\n'};
  Decoded decoded;
  if (!convert(bytes, range.encoding, decoded)) return;
  each_character(decoded.text, [&](char32_t c) {
    if (c >= 0x80 && c != 0xFFFD && !(c >= 0xE000 && c < 0xF900)) table.lower(c, range.bits);
  });
}

// The classes of KS X 1001, GB 2312, Big5 and JIS X 0208, from the rare to the usual.
constexpr CodeRange kKoreanRanges[] = {
    {"windows-949", 0x81, 0xC6, 0x41, 0xFE, 19},   {"windows-949", 0xA1, 0xAC, 0xA1, 0xFE, 15},
    {"windows-949", 0xA1, 0xA1, 0xA1, 0xFE, 11},   {"windows-949", 0xA3, 0xA4, 0xA1, 0xFE, 13},
    {"windows-949", 0xCA, 0xFD, 0xA1, 0xFE, 16.5}, {"windows-949", 0xB0, 0xC8, 0xA1, 0xFE, 13.5}};
constexpr CodeRange kSimplifiedRanges[] = {
    {"gb18030", 0x81, 0xFE, 0x40, 0xFE, 20}, {"gb18030", 0xA1, 0xA9, 0xA1, 0xFE, 16},
    {"gb18030", 0xA1, 0xA1, 0xA1, 0xFE, 12}, {"gb18030", 0xA3, 0xA3, 0xA1, 0xFE, 12},
    {"gb18030", 0xD8, 0xF7, 0xA1, 0xFE, 17}, {"gb18030", 0xB0, 0xD7, 0xA1, 0xFE, 13.8}};
constexpr CodeRange kTraditionalRanges[] = {{"Big5", 0xA1, 0xF9, 0x40, 0xFE, 20},
                                            {"Big5", 0xA1, 0xA3, 0x40, 0xFE, 13},
                                            {"Big5", 0xC9, 0xF9, 0x40, 0xFE, 18},
                                            {"Big5", 0xA4, 0xC6, 0x40, 0xFE, 14.2}};
constexpr CodeRange kJapaneseRanges[] = {
    {"Shift_JIS", 0x81, 0xFC, 0x40, 0xFC, 20}, {"EUC-JP", 0xA1, 0xA8, 0xA1, 0xFE, 15},
    {"EUC-JP", 0xA1, 0xA1, 0xA1, 0xFE, 11},    {"EUC-JP", 0xA3, 0xA3, 0xA1, 0xFE, 11},
    {"EUC-JP", 0xA4, 0xA5, 0xA1, 0xFE, 11},    {"EUC-JP", 0xD0, 0xF4, 0xA1, 0xFE, 18},
    {"EUC-JP", 0xB0, 0xCF, 0xA1, 0xFE, 14}};

std::span<const CodeRange> ranges_of(Language language) {
  switch (language) {
    case Language::kKorean: return kKoreanRanges;
    case Language::kSimplified: return kSimplifiedRanges;
    case Language::kTraditional: return kTraditionalRanges;
    case Language::kJapanese: return kJapaneseRanges;
    default: return {};
  }
}

bool is_east_asian(Language language) { return !ranges_of(language).empty(); }

constexpr bool is_ascii_letter(char32_t c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }
constexpr bool is_ascii_lower(char32_t c) { return c >= 'a' && c <= 'z'; }

// Letters of the alphabets here. Latin and Cyrillic have their capitals at even places, or apart from the small ones.
constexpr bool is_latin(char32_t c) { return c >= 0xC0 && c < 0x250 && c != 0xD7 && c != 0xF7; }
constexpr bool is_cyrillic_or_greek(char32_t c) { return c >= 0x370 && c < 0x530; }
constexpr bool is_capital(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z';
  if (c < 0x100) return c >= 0xC0 && c <= 0xDE && c != 0xD7;
  if (c < 0x180) return c >= 0x139 && c <= 0x148 ? c % 2 == 1 : c < 0x179 ? c % 2 == 0 : c % 2 == 1;
  return (c >= 0x386 && c <= 0x3AB) || (c >= 0x400 && c < 0x430);
}
constexpr bool is_small(char32_t c) {
  return is_ascii_lower(c) || ((is_latin(c) || is_cyrillic_or_greek(c)) && !is_capital(c));
}
constexpr bool is_other_alphabet(char32_t c) { return c >= 0x370 && c < 0x700; }  // Greek, Cyrillic, Hebrew, Arabic
constexpr bool is_ideograph(char32_t c) { return c >= 0x2E80 && c < 0xFB00; }

// What cyrillic and Greek lists say of a small letter holds, with more bits, of its capital.
char32_t capital_of(char32_t c) {
  if (c >= 0x430 && c < 0x450) return c - 0x20;
  if (c >= 0x450 && c < 0x460) return c - 0x50;
  if (c >= 0x3B1 && c <= 0x3C9 && c != 0x3C2) return c - 0x20;
  return 0;
}

CostTable make_table(Language language) {
  CostTable table(kForeignBits);
  for (const CodeRange& range : ranges_of(language)) set_range(table, range);
  bool alphabet = !is_east_asian(language);
  // Any sign of Latin-1 may stand in a text of an alphabet; controls in none.
  if (alphabet)
    for (char32_t c = 0xA0; c < 0x180; ++c) table.set(c, is_latin(c) ? 12 : 11);
  if (language == Language::kJapanese)
    for (char32_t c = 0xFF61; c <= 0xFF9F; ++c) table.set(c, 15);  // half-width: a byte each
  for (const CommonCharacters& common : common_characters(language))
    each_character(common.characters, [&](char32_t c) {
      table.set(c, common.bits);
      if (char32_t capital = capital_of(c)) table.set(capital, common.bits + kCapitalBits);
    });
  for (char32_t c = 0xE000; c < 0xF900; ++c) table.set(c, kIllFormedBits);  // private use: no letter of any language
  for (char32_t c = 0x80; c < 0xA0; ++c) table.set(c, kControlBits);
  return table;
}

const std::vector<CostTable>& tables() {
  static const std::vector<CostTable> all = [] {
    std::vector<CostTable> out;
    for (size_t i = 0; i < kLanguages; ++i) out.push_back(make_table(static_cast<Language>(i)));
    return out;
  }();
  return all;
}

const CostTable& table_of_any() {
  static const CostTable any = [] {
    CostTable out(kForeignBits);
    for (const CostTable& table : tables())
      for (char32_t c = 0x80; c < 0x10000; ++c) out.lower(c, table[c]);
    // Alphabets of encodings that are only read where they are declared: Armenian, Thai, Georgian.
    for (auto [first, last] : {std::pair{U'\u0531', U'\u0589'}, {U'\u0E01', U'\u0E5B'}, {U'\u10A0', U'\u10FF'}})
      for (char32_t c = first; c <= last; ++c) out.lower(c, kDeclaredAlphabetBits);
    return out;
  }();
  return any;
}

double ascii_bits(char32_t c) {
  if (c == ' ' || c == '\n' || c == '\r' || c == '\t') return kSpaceBits;
  return c < 0x20 && c != '\f' ? kControlBits : kLetterBits;
}

// What the neighbours of a character add.
double place_bits(char32_t before, char32_t c, char32_t after) {
  double bits = 0;
  if (is_capital(c) && is_small(before)) bits += kCaseBits;
  if (is_latin(c)) {
    bool alone = !is_ascii_letter(before) && !is_ascii_letter(after);
    bits += is_latin(before) || alone ? kLonelyBits : 0;
  }
  if (is_other_alphabet(c))
    bits += (is_ascii_letter(before) ? kMixedBits : 0) + (is_ascii_letter(after) ? kMixedBits : 0);
  if (is_ideograph(c)) {
    bits += (is_ascii_lower(before) ? kTouchBits : 0) + (is_ascii_lower(after) ? kTouchBits : 0);
    if (is_ascii_letter(before) && is_ascii_letter(after)) bits += kEnclosedBits;
  }
  return bits;
}

double bits_of(std::string_view text, const CostTable& table) {
  double bits = 0;
  char32_t before = 0;
  for (size_t i = 0; i < text.size();) {
    Utf8Char c = decode_utf8(text, i);
    i += c.length;
    char32_t u = c.code_point;
    if (u < 0x80) {
      bits += ascii_bits(u);
    } else if (u == 0xFFFD) {
      bits += i < text.size() ? kIllFormedBits : kCutBits;
    } else {
      char32_t after = i < text.size() ? decode_utf8(text, i).code_point : 0;
      bits += u == before ? std::min(table[u], kRepeatBits) : table[u] + place_bits(before, u, after);
    }
    before = u;
  }
  return bits;
}

}  // namespace

double reading_bits(std::string_view text, Language language) {
  return bits_of(text, tables()[static_cast<size_t>(language)]);
}

double reading_bits_of_any(std::string_view text) { return bits_of(text, table_of_any()); }

double reading_bits_of_ascii(std::string_view bytes) {
  double bits = 0;
  for (char c : bytes)
    if (auto byte = static_cast<unsigned char>(c); byte < 0x80) bits += ascii_bits(byte);
  return bits;
}

bool is_western(char32_t c, char32_t before, char32_t after) {
  if (is_latin(c)) return is_ascii_letter(before) || is_ascii_letter(after);
  constexpr double kUsual = 8;  // the typographic marks of the list
  constexpr char32_t kNoBreakSpace = 0xA0;
  bool cut = is_ideograph(before) || is_ideograph(after);  // rather the rest of a character
  if (cut && c != kNoBreakSpace) return false;
  return c >= 0xA0 && tables()[static_cast<size_t>(Language::kWestern)][c] < kUsual;
}

}  // namespace malmoi::data::internal
