#include "data/readers/office/symbols.h"

#include <algorithm>
#include <cstdint>

#include "base/utf8.h"

namespace malmoi::data::office {
namespace {

constexpr char32_t kPrivateBegin = 0xE000, kPrivateEnd = 0xF900;

// Adobe's encoding of Symbol from 0x20 and from 0xA0 on; a space where Unicode has only pieces of brackets.
constexpr char32_t kSymbolLow[] =
    U" !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼";
constexpr char32_t kSymbolHigh[] =
    U"€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑           〉∫⌠⎮⌡";

struct Named {
  uint8_t code;
  char32_t character;
};
constexpr Named kWingdings[] = {{0x28, U'☎'}, {0x2A, U'✉'}, {0x46, U'☞'}, {0x4A, U'☺'}, {0x6C, U'●'}, {0x6E, U'■'},
                                {0x6F, U'☐'}, {0x71, U'❑'}, {0x75, U'◆'}, {0x76, U'❖'}, {0x9E, U'·'}, {0x9F, U'•'},
                                {0xA7, U'▪'}, {0xA8, U'☐'}, {0xAB, U'★'}, {0xD8, U'➢'}, {0xDF, U'←'}, {0xE0, U'→'},
                                {0xE1, U'↑'}, {0xE2, U'↓'}, {0xE8, U'➔'}, {0xF0, U'⇨'}, {0xFB, U'✗'}, {0xFC, U'✓'},
                                {0xFD, U'☒'}, {0xFE, U'☑'}};
constexpr Named kWingdings2[] = {{0x4F, U'✗'}, {0x50, U'✓'}, {0x51, U'☒'}, {0x52, U'☑'},
                                 {0x53, U'☒'}, {0x54, U'☒'}, {0x97, U'●'}, {0xA3, U'☐'}};

template <size_t N>
char32_t look_up(const Named (&table)[N], char32_t code) {
  const Named* found = std::ranges::find(table, code, [](const Named& entry) { return char32_t{entry.code}; });
  return found == std::end(table) ? 0 : found->character;
}

char32_t of_symbol(char32_t code) {
  if (code >= 0x20 && code < 0x20 + std::size(kSymbolLow) - 1) return kSymbolLow[code - 0x20];
  if (code >= 0xA0 && code < 0xA0 + std::size(kSymbolHigh) - 1) return kSymbolHigh[code - 0xA0];
  return 0;
}

// Wingdings has the numbers 0 to 10 in white and in black circles.
char32_t of_wingdings(char32_t code) {
  if (code == 0x80) return U'⓪';
  if (code >= 0x81 && code <= 0x8A) return U'①' + (code - 0x81);
  if (code >= 0x8C && code <= 0x95) return U'❶' + (code - 0x8C);
  return look_up(kWingdings, code);
}

}  // namespace

std::string symbol(std::string_view font, char32_t code) {
  bool is_private = code >= kPrivateBegin && code < kPrivateEnd;
  char32_t own = is_private ? code & 0xFF : code, character = is_private ? 0 : code;
  if (own <= 0xFF) {
    if (font == "Symbol") character = of_symbol(own);
    else if (font == "Wingdings") character = of_wingdings(own);
    else if (font == "Wingdings 2") character = look_up(kWingdings2, own);
  }
  std::string out;
  if (character > 0x20) append_utf8(out, character);
  return out;
}

}  // namespace malmoi::data::office
