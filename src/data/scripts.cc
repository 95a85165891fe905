// What the letters of a text say of its language.
#include <string>

#include "base/utf8.h"
#include "data/encoding.h"

namespace malmoi::data {
namespace {

bool is_hangul(char32_t c) {
  return (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0x1100 && c <= 0x11FF) || (c >= 0x3131 && c <= 0x318E);
}

}  // namespace

std::string script_language(std::string_view text) {
  size_t hangul = 0, latin = 0, kana = 0, han = 0, cyrillic = 0;
  for (size_t i = 0; i < text.size();) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      latin += (byte | 32) >= 'a' && (byte | 32) <= 'z';
      ++i;
      continue;
    }
    Utf8Char c = decode_utf8(text, i);
    i += c.length;
    char32_t u = c.code_point;
    hangul += is_hangul(u);
    latin += u >= 0xC0 && u < 0x250;
    kana += u >= 0x3040 && u < 0x3100;
    han += u >= 0x4E00 && u < 0xA000;
    cyrillic += u >= 0x400 && u < 0x530;
  }
  if (hangul + latin + kana + han + cyrillic == 0) return {};
  // A syllable or an ideograph carries about as much as two and a half letters; and names of products stand in Latin
  // letters in the middle of Korean sentences, hardly ever the other way round.
  size_t asian = hangul + kana + han;
  if (asian * 5 >= latin && asian * 5 >= cyrillic) {
    if (hangul * 3 >= asian) return "ko";
    return kana * 10 >= asian ? "ja" : "zh";
  }
  return cyrillic > latin ? "ru" : "en";
}

}  // namespace malmoi::data
