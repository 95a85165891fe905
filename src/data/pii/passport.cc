// Passport numbers: Korean ones by shape and a word nearby, others only right after the word.
#include <algorithm>

#include "data/pii/detectors.h"
#include "data/pii/labels.h"

namespace malmoi::data {
namespace {

size_t digits_from(const FoldedText& text, size_t at) {
  size_t i = at;
  while (is_digit(text.at(i))) ++i;
  return i - at;
}

// `[MSROD]ddd[A-Z]dddd` (since 2021), `[MSROD]dddddddd`, and two letters with seven digits (before 2008).
size_t korean_end(const FoldedText& text, size_t at) {
  static constexpr std::u32string_view kKinds = U"msrodgtp";
  if (kKinds.find(text.at(at)) == std::u32string_view::npos && !is_letter(text.at(at + 1))) return 0;
  size_t i = at + 1;
  if (is_letter(text.at(i))) return digits_from(text, i + 1) == 7 ? i + 8 : 0;
  if (text.at(i) == U'-' || text.at(i) == U' ') ++i;
  size_t digits = digits_from(text, i);
  if (digits == 8) return i + 8;
  if (digits == 3 && is_letter(text.at(i + 3)) && digits_from(text, i + 4) == 4) return i + 8;
  return 0;
}

// Eight or nine letters and digits, six digits or more.
size_t foreign_end(const FoldedText& text, size_t at) {
  size_t i = at, digits = 0;
  while (is_letter(text.at(i)) || is_digit(text.at(i))) digits += is_digit(text.at(i++));
  size_t length = i - at;
  return length >= 8 && length <= 9 && digits >= 6 ? i : 0;
}

}  // namespace

void find_passports(Findings& findings) {
  const FoldedText& text = findings.text();
  for (size_t i = 0; i < text.size(); ++i) {
    char32_t c = text.chars[i];
    char32_t before = i > 0 ? text.chars[i - 1] : U'\0';
    if ((!is_letter(c) && !is_digit(c)) || is_letter(before) || is_digit(before)) continue;
    bool tied = before == U'-' || before == U'_';  // part of a longer code, but for 여권번호-M12345678
    if (tied && !is_sign_of_label(text, i - 1, Label::kPassport)) continue;
    size_t end = is_letter(c) ? korean_end(text, i) : 0;
    bool korean = end != 0;
    if (!korean) end = foreign_end(text, i);
    if (end == 0 || is_letter(text.at(end)) || is_digit(text.at(end))) continue;
    if (text.at(end) == U'-' && is_digit(text.at(end + 1))) continue;
    FoundLabel label = label_before(text, i, 0, 40);
    bool adjacent = label.label == Label::kPassport && label.distance <= 8;
    bool nearby =
        korean && label.label != Label::kOther &&
        (has_label_before(text, i, 0, 40, Label::kPassport) || has_label_after(text, end, 20, Label::kPassport));
    if (adjacent || nearby) findings.add(i, end, PiiType::kPassport);
  }
}

}  // namespace malmoi::data
