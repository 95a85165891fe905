// Personal data that a line end breaks in two. The two lines are put together without it and searched as one; what is found
// across the break counts where its own signs show that it is one: a hyphen, a check digit, the @ or point at the break.
#include <algorithm>

#include "data/pii/detectors.h"
#include "data/pii/labels.h"

namespace malmoi::data {
namespace {

constexpr size_t kBefore = 80, kAfter = 60;  // characters looked at on both sides: a label, and the longest number
constexpr size_t kFewestDigits = 8;          // of a number without a point at its break

struct Break {
  size_t end = 0;   // behind the last character of the line
  size_t next = 0;  // the first character of the next
};

// The characters around the line end at `at` that are no spaces.
Break read_break(const FoldedText& text, size_t at) {
  Break found{at, at + 1};
  while (found.end > 0 && text.at(found.end - 1) == U' ') --found.end;
  while (text.at(found.next) == U' ') ++found.next;
  return found;
}

bool is_sign(char32_t c) { return c == U'-' || c == U'.' || c == U')' || c == U'('; }

// Digits of the number that ends before `end`, or that begins at it.
size_t digits_before(const FoldedText& text, size_t end) {
  size_t digits = 0;
  for (; end > 0 && (is_digit(text.at(end - 1)) || is_sign(text.at(end - 1))); --end)
    digits += is_digit(text.at(end - 1));
  return digits;
}

size_t digits_after(const FoldedText& text, size_t at) {
  size_t digits = 0;
  for (; is_digit(text.at(at)) || is_sign(text.at(at)); ++at) digits += is_digit(text.at(at));
  return digits;
}

bool may_be_broken(const FoldedText& text, const Break& place) {
  if (place.end == 0 || place.next >= text.size()) return false;
  char32_t last = text.at(place.end - 1), next = text.at(place.next);
  if (last == U'@') return is_letter(next) || is_digit(next);
  if (!is_digit(next) || !(is_digit(last) || is_sign(last))) return false;
  size_t fewest = last == U'.' ? kFewestDigits / 2 : kFewestDigits;
  return digits_before(text, place.end) + digits_after(text, place.next) >= fewest;
}

// Whether what was found with the break taken out is one thing.
bool is_one(const FoldedText& joined, const PiiSpan& span, char32_t last) {
  if (span.checked || span.type == PiiType::kEmail) return true;
  if (span.type == PiiType::kIp) return last == U'.';
  std::u32string_view found = std::u32string_view(joined.chars).substr(span.begin, span.end - span.begin);
  bool tied = found.find(U'-') != found.npos || found.find(U')') != found.npos || last == U'.';
  return tied && span.type != PiiType::kAddress;
}

void find_at(Findings& findings, const Break& place) {
  const FoldedText& text = findings.text();
  size_t first = place.end > kBefore ? place.end - kBefore : 0;
  while (first > 0 && first < place.end && is_digit(text.at(first - 1))) ++first;  // no number begins in its middle
  size_t last = std::min(text.size(), place.next + kAfter);
  while (last < text.size() && is_digit(text.at(last))) ++last;
  FoldedText joined = FoldedText::joined(text, first, place.end, place.next, last);
  const PiiOptions all;
  Findings found(joined, all);
  find_emails(found);
  find_ips(found);
  find_numbers(found);
  find_passports(found);
  size_t cut = place.end - first;
  for (const PiiSpan& span : found.take()) {
    bool across = span.begin < cut && span.end > cut;
    if (across && is_one(joined, span, text.at(place.end - 1)))
      findings.add(joined.begin[span.begin], joined.end[span.end - 1], span.type, span.checked);
  }
}

}  // namespace

void find_broken(Findings& findings) {
  const FoldedText& text = findings.text();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.chars[i] != U'\n') continue;
    Break place = read_break(text, i);
    if (!may_be_broken(text, place) || findings.covered(place.end - 1) || findings.covered(place.next)) continue;
    find_at(findings, place);
  }
}

}  // namespace malmoi::data
