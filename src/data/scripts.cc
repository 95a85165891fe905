// What the letters of a text say of its language.
#include <algorithm>
#include <string>

#include "base/utf8.h"
#include "data/encoding.h"

namespace malmoi::data {
namespace {

bool is_hangul_letter(char32_t c) {
  return (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0x1100 && c <= 0x11FF) || (c >= 0x3131 && c <= 0x318E);
}

// Characters as Japan simplified them, by code point: neither simplified Chinese (GB 2312) nor traditional (Big5) has them.
constexpr std::u32string_view kJapaneseHan =
    U"両乗亜仏仮価働児円剣剤剰労効勲匂単厳営団囲図圏圧塩増売変嬢実寛対専峠巣巻帯帰広弾従徳徴応恵悩悪戦戯払択拝拠拡挙"
    U"挿捜掲摂撃斎暁枠栃栄桜桟検楽様権歩毎気沢済渋渓滝瀬焼犠獣畑畳発県砕稲穂経絵継続総縦繊聴脳臓蔵覚観訳読譲転軽辺込"
    U"遅郷酔醸釈鉄鉱銭関険隠雑顕駅駆騒験髄鶏黒";
// One of so many Han characters says that a text is Japanese: a Chinese one may hold a Japanese name.
constexpr size_t kJapaneseHanOf = 20;

bool is_japanese_han(char32_t c) { return std::binary_search(kJapaneseHan.begin(), kJapaneseHan.end(), c); }

}  // namespace

std::string script_language(std::string_view text) {
  size_t hangul = 0, latin = 0, kana = 0, han = 0, japanese = 0, cyrillic = 0;
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
    hangul += is_hangul_letter(u);
    latin += u >= 0xC0 && u < 0x250;
    kana += u >= 0x3040 && u < 0x3100;
    han += u >= 0x4E00 && u < 0xA000;
    japanese += is_japanese_han(u);
    cyrillic += u >= 0x400 && u < 0x530;
  }
  if (hangul + latin + kana + han + cyrillic == 0) return {};
  // A syllable or an ideograph carries about as much as two and a half letters; and names of products stand in Latin
  // letters in the middle of Korean sentences, hardly ever the other way round.
  size_t asian = hangul + kana + han;
  if (asian * 5 >= latin && asian * 5 >= cyrillic) {
    if (hangul * 3 >= asian) return "ko";
    return kana * 10 >= asian || japanese * kJapaneseHanOf > han ? "ja" : "zh";
  }
  return cyrillic > latin ? "ru" : "en";
}

}  // namespace malmoi::data
