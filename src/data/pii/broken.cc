// Personal data that a line end breaks in two. The two lines are put together and searched as one; what is found across the
// break counts where its own signs show that it is one: a hyphen, a check digit, a label, the @ or point at the break; an address
// always, as it has many parts.
#include <algorithm>

#include "data/pii/detectors.h"
#include "data/pii/labels.h"

namespace malmoi::data {
namespace {

constexpr size_t kBefore = 80, kAfter = 60;  // characters looked at on both sides: a label, and the longest number
constexpr size_t kFewestDigits = 8;          // of a number without a point at its break

struct LineBreak {
  size_t end = 0;   // behind the last character of the line
  size_t next = 0;  // the first character of the next
};

// The characters around the line end at `at` that are no spaces.
LineBreak read_break(const FoldedText& text, size_t at) {
  LineBreak found{at, at + 1};
  while (found.end > 0 && text.at(found.end - 1) == U' ') --found.end;
  while (text.at(found.next) == U' ') ++found.next;
  return found;
}

bool is_sign(char32_t c) { return c == U'-' || c == U'.' || c == U')' || c == U'('; }

// Digits of the number that ends before `end`, whose groups may stand apart, or that begins at it.
size_t digits_before(const FoldedText& text, size_t end) {
  size_t digits = 0;
  for (; end > 0; --end) {
    char32_t c = text.at(end - 1);
    bool between = c == U' ' && digits > 0 && end > 1 && is_digit(text.at(end - 2));
    if (!is_digit(c) && !is_sign(c) && !between) break;
    digits += is_digit(c);
  }
  return digits;
}

size_t digits_after(const FoldedText& text, size_t at) {
  size_t digits = 0;
  for (; is_digit(text.at(at)) || is_sign(text.at(at)); ++at) digits += is_digit(text.at(at));
  return digits;
}

bool may_be_broken(const FoldedText& text, const LineBreak& place) {
  if (place.end == 0 || place.next >= text.size()) return false;
  char32_t last = text.at(place.end - 1), next = text.at(place.next);
  if (last == U'@') return is_letter(next) || is_digit(next);
  if (next == U'@') return is_letter(last) || is_digit(last);
  bool sign_next = is_sign(next) && is_digit(text.at(place.next + 1)) && is_digit(last);
  if (!sign_next && (!is_digit(next) || !(is_digit(last) || is_sign(last)))) return false;
  size_t fewest = last == U'.' ? kFewestDigits / 2 : kFewestDigits;
  return digits_before(text, place.end) + digits_after(text, place.next) >= fewest;
}

// Whether what was found with the break taken out is one thing.
bool is_one(const FoldedText& joined, const PiiSpan& span, char32_t last) {
  if (span.checked || span.type == PiiType::kEmail) return true;
  if (span.type == PiiType::kIp) return last == U'.';
  std::u32string_view found = std::u32string_view(joined.chars).substr(span.begin, span.end - span.begin);
  bool tied = found.find(U'-') != found.npos || found.find(U')') != found.npos || last == U'.';
  constexpr size_t kNear = 8;
  bool named = span.type == PiiType::kPhone && has_label_before(joined, span.begin, 0, kNear, Label::kPhone);
  return tied || named || span.type == PiiType::kPassport;
}

// Whether a line that ends so may be the first of an address: 테헤란로 / 152, 강남구 / 테헤란로 152,
// 9110 Placeholder Blvd, / Anytown, NY 12399.
bool may_be_address(const FoldedText& text, const LineBreak& place) {
  constexpr std::u32string_view kRoads = U"로길", kQuarters = U"동리가읍면", kRegions = U"시군구도울산대부천전종";
  constexpr size_t kNear = 40;
  if (place.end == 0 || place.next >= text.size()) return false;
  char32_t last = text.at(place.end - 1), next = text.at(place.next);
  auto has_digit = [&](size_t from, size_t to) {
    for (size_t i = from; i < to; ++i)
      if (is_digit(text.at(i)) || text.at(i) == U'\n') return is_digit(text.at(i));
    return false;
  };
  if (is_hangul(last) && is_digit(next)) {
    size_t behind = place.next;
    while (is_digit(text.at(behind))) ++behind;
    bool lot =
        text.at(behind) == U'-' || text.at(behind) == U'번';  // a line that begins with a number is often another
    return kRoads.find(last) != kRoads.npos || (lot && kQuarters.find(last) != kQuarters.npos);
  }
  if (is_hangul(last) && is_hangul(next))
    return kRegions.find(last) != kRegions.npos && has_digit(place.next, place.next + kNear);
  bool english = (is_letter(last) || last == U',' || last == U'.') && is_letter(next);
  size_t begin = place.end;
  while (english && begin > 0 && place.end - begin < kNear && text.at(begin - 1) != U'\n') --begin;
  return english && has_digit(begin, place.end) && has_digit(place.next, place.next + kNear);
}

void find_at(Findings& findings, const LineBreak& place, bool address) {
  const FoldedText& text = findings.text();
  size_t first = place.end > kBefore ? place.end - kBefore : 0;
  while (first > 0 && first < place.end && is_digit(text.at(first - 1))) ++first;  // no number begins in its middle
  size_t last = std::min(text.size(), place.next + kAfter);
  while (last < text.size() && is_digit(text.at(last))) ++last;
  FoldedText joined = FoldedText::joined(text, first, place.end, place.next, last, address);
  const PiiOptions all;
  Findings found(joined, all);
  if (address) {
    find_korean_addresses(found);
    find_english_addresses(found);
  } else {
    find_emails(found);
    find_ips(found);
    find_numbers(found);
    find_passports(found);
  }
  size_t cut = place.end - first;
  for (const PiiSpan& span : found.take()) {
    bool across = span.begin < cut && span.end > cut + address;
    if (across && (address || is_one(joined, span, text.at(place.end - 1))))
      findings.add(joined.begin[span.begin], joined.end[span.end - 1], span.type, span.checked);
  }
}

}  // namespace

void find_broken(Findings& findings) {
  const FoldedText& text = findings.text();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.chars[i] != U'\n') continue;
    LineBreak place = read_break(text, i);
    bool number = may_be_broken(text, place), address = !number && may_be_address(text, place);
    if (!number && !address) continue;
    if (!findings.covered(place.end - 1) && !findings.covered(place.next)) find_at(findings, place, address);
  }
}

}  // namespace malmoi::data
