#include "data/readers/office/numbering.h"

#include <algorithm>

#include "base/utf8.h"

namespace malmoi::data::office {
namespace {

std::string letters(int number, char first) {
  constexpr int kAlphabet = 26, kMaxRepeats = 4;  // a ... z, aa, bb ...
  int repeats = (number - 1) / kAlphabet + 1;
  if (repeats > kMaxRepeats) return std::to_string(number);
  return std::string(static_cast<size_t>(repeats), static_cast<char>(first + (number - 1) % kAlphabet));
}

std::string roman(int number, bool upper) {
  constexpr int kLargest = 3999;
  if (number > kLargest) return std::to_string(number);
  struct Digit {
    int value;
    const char *lower, *upper;
  };
  constexpr Digit kDigits[] = {{1000, "m", "M"}, {900, "cm", "CM"}, {500, "d", "D"}, {400, "cd", "CD"},
                               {100, "c", "C"},  {90, "xc", "XC"},  {50, "l", "L"},  {40, "xl", "XL"},
                               {10, "x", "X"},   {9, "ix", "IX"},   {5, "v", "V"},   {4, "iv", "IV"},
                               {1, "i", "I"}};
  std::string out;
  for (const Digit& digit : kDigits)
    for (; number >= digit.value; number -= digit.value) out += upper ? digit.upper : digit.lower;
  return out;
}

// The number-th character of `list`, which repeats.
std::string one_of(int number, std::u32string_view list) {
  std::string out;
  append_utf8(out, list[static_cast<size_t>(number - 1) % list.size()]);
  return out;
}

std::string tens(int number, std::u32string_view digits, char32_t ten) {
  if (number > 99) return std::to_string(number);
  std::string out;
  if (number >= 20) append_utf8(out, digits[static_cast<size_t>(number / 10 - 1)]);
  if (number >= 10) append_utf8(out, ten);
  if (number % 10) append_utf8(out, digits[static_cast<size_t>(number % 10 - 1)]);
  return out;
}

constexpr int kLastStart = 1'000'000;  // far below where counting would overflow

}  // namespace

std::string format_number(int number, NumberStyle style) {
  if (number < 1) return style == NumberStyle::kNone || style == NumberStyle::kBullet ? "" : std::to_string(number);
  switch (style) {
    case NumberStyle::kNone:
    case NumberStyle::kBullet: return {};
    case NumberStyle::kDecimal: return std::to_string(number);
    case NumberStyle::kLowerLetter: return letters(number, 'a');
    case NumberStyle::kUpperLetter: return letters(number, 'A');
    case NumberStyle::kLowerRoman: return roman(number, false);
    case NumberStyle::kUpperRoman: return roman(number, true);
    case NumberStyle::kCircled: return number <= 20 ? one_of(number, U"①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳") : std::to_string(number);
    case NumberStyle::kSyllable: return one_of(number, U"가나다라마바사아자차카타파하");
    case NumberStyle::kCircledSyllable: return one_of(number, U"㉮㉯㉰㉱㉲㉳㉴㉵㉶㉷㉸㉹㉺㉻");
    case NumberStyle::kJamo: return one_of(number, U"ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ");
    case NumberStyle::kKoreanDigit: return tens(number, U"일이삼사오육칠팔구", U'십');
    case NumberStyle::kIdeograph: return tens(number, U"一二三四五六七八九", U'十');
  }
  return {};
}

void ListCounters::restart(const std::string& list, int level, int number) {
  auto at = static_cast<size_t>(std::clamp(level, 0, kLevels - 1));
  Counts& counts = lists_[list];
  counts.number[at] = std::clamp(number, 0, kLastStart) - 1;
  counts.begun[at] = true;
}

std::string ListCounters::next(const std::string& list, int level, const std::vector<ListLevel>& levels) {
  level = std::clamp(level, 0, kLevels - 1);
  Counts& counts = lists_[list];
  auto start = [&](size_t i) { return i < levels.size() ? std::clamp(levels[i].start, 0, kLastStart) : 1; };
  auto at = static_cast<size_t>(level);
  counts.number[at] = counts.begun[at] ? counts.number[at] + 1 : start(at);
  counts.begun[at] = true;
  std::fill(counts.begun.begin() + level + 1, counts.begun.end(), false);
  if (at >= levels.size()) return {};
  const ListLevel& own = levels[at];
  if (own.style == NumberStyle::kBullet || own.style == NumberStyle::kNone) return {};
  std::string out;
  for (size_t i = 0; i < own.text.size(); ++i) {
    bool number = own.text[i] == '%' && i + 1 < own.text.size() && own.text[i + 1] >= '1' && own.text[i + 1] <= '9';
    if (!number) {
      out += own.text[i];
      continue;
    }
    auto shown = static_cast<size_t>(own.text[++i] - '1');
    int value = counts.begun[shown] ? counts.number[shown] : start(shown);
    out += format_number(value, shown < levels.size() ? levels[shown].style : NumberStyle::kDecimal);
  }
  return out;
}

}  // namespace malmoi::data::office
