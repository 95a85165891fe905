#include "data/dedup/words.h"

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>

#include "base/utf8.h"

namespace malmoi::data {
namespace {

// What a byte can begin: white space, a character copied as it is or lower-cased, or one to look at.
enum FirstByte : uint8_t { kCopy, kWhite, kLook };

constexpr std::array<uint8_t, 256> make_kinds() {
  std::array<uint8_t, 256> kinds{};
  for (size_t c = 0; c < 256; ++c) kinds[c] = c < 0x80 ? kCopy : kLook;
  for (size_t c = 0x09; c <= 0x0D; ++c) kinds[c] = kWhite;
  for (size_t c = 0x1C; c <= 0x20; ++c) kinds[c] = kWhite;
  return kinds;
}

constexpr std::array<uint8_t, 256> make_lower() {
  std::array<uint8_t, 256> lower{};
  for (size_t c = 0; c < 256; ++c) lower[c] = static_cast<uint8_t>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return lower;
}

constexpr std::array<uint8_t, 256> kKinds = make_kinds();
constexpr std::array<uint8_t, 256> kLower = make_lower();

uint8_t byte(std::string_view text, size_t at) { return at < text.size() ? static_cast<uint8_t>(text[at]) : 0; }

// The length of a multi-byte character that NFC and lower-casing leave alone whatever stands beside it, unless that
// itself needs care (a combining mark does); 0 for all others. `lower` becomes what to add to the second byte.
size_t inert_length(std::string_view text, size_t at, int& lower) {
  uint8_t a = byte(text, at), b = byte(text, at + 1), c = byte(text, at + 2);
  lower = 0;
  if (a == 0xC2) return b >= 0xA1 && b <= 0xBF ? 2 : 0;
  if (a == 0xC3) {  // À-ÿ
    if (b < 0x80 || b > 0xBF) return 0;
    if (b <= 0x9E && b != 0x97) lower = 0x20;
    return 2;
  }
  if (b < 0x80 || b > 0xBF || c < 0x80 || c > 0xBF) return 0;
  switch (a) {
    case 0xE2:  // dashes, quotation marks, ellipsis; arrows, mathematics, boxes, shapes
      if (b == 0x80) return (c >= 0x90 && c <= 0xA7) || c >= 0xB0 ? 3 : 0;
      if (b == 0x86) return c >= 0x90 ? 3 : 0;
      return (b >= 0x87 && b <= 0x8B) || (b >= 0x94 && b <= 0x9B) ? 3 : 0;
    case 0xE3:  // 3001-3029, kana without the combining marks, compatibility jamo
      if (b == 0x80) return c >= 0x81 && c <= 0xA9 ? 3 : 0;
      if (b == 0x81 || b == 0x83) return 3;
      if (b == 0x82) return c != 0x99 && c != 0x9A ? 3 : 0;
      return (b == 0x84 && c >= 0xB1) || b == 0x85 || (b == 0x86 && c <= 0x8E) ? 3 : 0;
    case 0xE4: return b >= 0xB8 ? 3 : 0;  // 4E00-9FFF
    case 0xE5:
    case 0xE6:
    case 0xE7:
    case 0xE8:
    case 0xE9: return 3;
    case 0xEA: return b >= 0xB0 ? 3 : 0;  // AC00-D7A3
    case 0xEB:
    case 0xEC: return 3;
    case 0xED: return b < 0x9E || (b == 0x9E && c <= 0xA3) ? 3 : 0;
    default: return 0;
  }
}

// NFC and lower case of one word, by ICU.
void normalize_word(std::string_view word, std::string& out) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  auto text = icu::UnicodeString::fromUTF8(icu::StringPiece(word.data(), static_cast<int32_t>(word.size())));
  if (U_SUCCESS(status)) text = nfc->normalize(text, status);
  text.toLower(icu::Locale::getRoot());
  text.toUTF8String(out);
}

}  // namespace

size_t white_space_at(std::string_view text, size_t at) {
  uint8_t a = byte(text, at);
  if (kKinds[a] == kWhite) return 1;
  uint8_t b = byte(text, at + 1), c = byte(text, at + 2);
  if (a == 0xC2) return b == 0x85 || b == 0xA0 ? 2 : 0;
  if (a == 0xE1) return b == 0x9A && c == 0x80 ? 3 : 0;
  if (a == 0xE2) {
    bool space =
        (b == 0x80 && ((c >= 0x80 && c <= 0x8A) || c == 0xA8 || c == 0xA9 || c == 0xAF)) || (b == 0x81 && c == 0x9F);
    return space ? 3 : 0;
  }
  return a == 0xE3 && b == 0x80 && c == 0x80 ? 3 : 0;
}

namespace {

// By the first bytes of the character: kana and ideographs with their punctuation, full-width signs; Thai and Lao,
// Burmese, Khmer, Tibetan.
bool has_no_spaces(std::string_view text, size_t at) {
  uint8_t a = byte(text, at), b = byte(text, at + 1);
  if (a == 0xE0) return b >= 0xB8 && b <= 0xBF;                                           // 0E00-0FFF
  if (a == 0xE1) return (b == 0x80 || b == 0x81 || b == 0x82) || b == 0x9E || b == 0x9F;  // 1000-109F, 1780-17FF
  if (a == 0xE3) return b == 0x80 || b == 0x81 || b == 0x82 || b == 0x83 || b >= 0x86;    // 3000-30FF, 3180-3FFF
  if (a >= 0xE4 && a <= 0xE9) return true;                                                // 4000-9FFF
  if (a == 0xEF) return (b >= 0xA4 && b <= 0xAB) || b == 0xBC || b == 0xBD;               // F900-FAFF, FF00-FF7F
  return a == 0xF0 && b >= 0xA0 && b <= 0xB3;                                             // 20000-33FFF
}

}  // namespace

size_t unit_end(std::string_view text, size_t at, size_t end) {
  constexpr size_t kLongestWord = 24;  // characters outside ASCII; what is longer is a text without its spaces
  size_t characters = 0, i = at;
  while (i < end) {
    if (static_cast<uint8_t>(text[i]) < 0x80) {
      ++i;
      continue;
    }
    if (has_no_spaces(text, i)) return i > at ? i : std::min<size_t>(end, i + utf8_length(text[i]));
    i = std::min<size_t>(end, i + utf8_length(text[i]));
    if (++characters > kLongestWord) return std::min<size_t>(end, at + utf8_length(text[at]));
  }
  return i;
}

void normalize_words(std::string_view text, std::string& out, std::vector<uint32_t>& word_ends) {
  out.clear();
  word_ends.clear();
  out.reserve(text.size() + 8);
  size_t i = 0;
  while (i < text.size()) {
    if (size_t space = white_space_at(text, i); space != 0) {
      i += space;
      continue;
    }
    if (!out.empty()) out.push_back(' ');
    size_t word = i, start = out.size();
    bool plain = true;
    while (i < text.size()) {
      uint8_t c = static_cast<uint8_t>(text[i]);
      if (kKinds[c] == kCopy) {
        out.push_back(static_cast<char>(kLower[c]));
        ++i;
        continue;
      }
      if (kKinds[c] == kWhite || white_space_at(text, i) != 0) break;
      int lower = 0;
      size_t length = inert_length(text, i, lower);
      if (length == 0) {
        plain = false;
        i += decode_utf8(text, i).length;
        continue;
      }
      out.append(text, i, length);
      if (lower != 0) out[out.size() - 1] = static_cast<char>(static_cast<uint8_t>(out.back()) + lower);
      i += length;
    }
    if (!plain) {
      out.resize(start);
      normalize_word(text.substr(word, i - word), out);
    }
    word_ends.push_back(static_cast<uint32_t>(out.size()));
  }
}

std::string normalize_for_dedup(std::string_view text) {
  std::string out;
  std::vector<uint32_t> ends;
  normalize_words(text, out, ends);
  return out;
}

}  // namespace malmoi::data
