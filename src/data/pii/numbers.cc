// Numbers told apart by shape, check digit and the nearest word: registration numbers, cards, accounts, licences, phones.
#include <algorithm>
#include <string_view>

#include "data/pii/checks.h"
#include "data/pii/detectors.h"
#include "data/pii/phone.h"
#include "data/pii/words.h"

namespace malmoi::data {
namespace {

using View = std::u32string_view;
constexpr size_t kWindow = 26;  // characters in which a number's label stands

bool is_account_label(const FoundLabel& label) { return label.label == Label::kAccount || label.label == Label::kBank; }

// YYMMDD-SNNNNNN. Without an agreeing check digit only right after its name, or born since the tails are random.
bool find_registration(Findings& findings, const NumberPlace& place) {
  const NumberGroups& g = place.groups;
  size_t used = g.has_shape({{13, 13}}) ? 1 : g.has_shape({{6, 6}, {7, 7}}) ? 2 : 0;
  if (used == 0 || !g.may_end(used)) return false;
  Digits<13> digits(place.text, g, used);
  RegistrationNumber number = read_registration_number(digits.value);
  if (!number.plausible || place.is_labelled(Label::kOther, 6)) return false;
  PiiType type = number.foreigner ? PiiType::kArn : PiiType::kRrn;
  bool named = place.is_labelled(Label::kRrn, 6) || place.is_labelled(Label::kArn, 6);
  size_t begin = g.begin[0], end = g.end(used);
  bool hyphen = used == 2 && g.separator[0] == U'-';
  bool found = number.checked;
  // Thirteen bare digits are also milliseconds since 1970 (1612251234567) and bar codes.
  if (used == 1 && !named && number.birth_year >= 1910 && number.birth_year <= 1919) found = false;
  if (!number.checked) found = (hyphen && number.random_tail) || (named && !is_called_wrong(place.text, begin, end));
  if (found) findings.add(begin, end, type, number.checked);
  return found;
}

// Whether [begin, end) stands among groups of four hexadecimal digits, as in dumps and code tables.
bool is_in_table(const FoldedText& text, size_t begin, size_t end) {
  auto is_group = [&](size_t at) {
    size_t length = 0;
    for (; length < 5; ++length) {
      char32_t c = text.at(at + length);
      if (!is_digit(c) && !(c >= U'a' && c <= U'f')) break;
    }
    return length == 4 && !is_letter(text.at(at + 4));
  };
  auto is_gap = [&](size_t at) { return text.at(at) == U' ' || text.at(at) == U'\n'; };
  bool before =
      begin >= 5 && is_gap(begin - 1) && is_group(begin - 5) && !is_letter(begin > 5 ? text.at(begin - 6) : U' ');
  return before || (is_gap(end) && is_group(end + 1));
}

bool find_card(Findings& findings, const NumberPlace& place) {
  const NumberGroups& g = place.groups;
  static constexpr size_t kShapes[][5] = {{4, 4, 4, 4, 3}, {4, 4, 4, 4}, {4, 6, 5}, {4, 6, 4}, {8, 8}};
  size_t used = 0;
  for (const auto& shape : kShapes) {
    size_t n = 0;
    while (n < 5 && shape[n] != 0 && n < g.count && g.length[n] == shape[n]) ++n;
    bool whole = n == 5 || shape[n] == 0;
    if (!whole || !g.may_end(n) || g.separator_of(n) == 0 || g.separator_of(n) == U')') continue;
    Digits<19> digits(place.text, g, n);
    if (!is_card_number({digits.value.data(), digits.size})) continue;
    used = n;
    break;
  }
  bool carded = place.label.label == Label::kCard;
  if (used == 0 && g.length[0] >= 13 && g.length[0] <= 19 && g.may_end(1)) {
    Digits<19> digits(place.text, g, 1);
    bool sixteen = g.length[0] == 16;
    if (is_card_number({digits.value.data(), digits.size}) && (sixteen || carded)) used = 1;
  }
  if (used == 0 || place.is_labelled(Label::kOther, 6) || (is_account_label(place.label) && place.label.distance <= 3))
    return false;
  if (used > 1 && g.separator[0] == U' ' && !carded && is_in_table(place.text, g.begin[0], g.end(used))) return false;
  findings.add(g.begin[0], g.end(used), PiiType::kCard, true);
  return true;
}

// A bank account has no check digit and no shape of its own: ten to sixteen digits where the words say so.
bool find_account(Findings& findings, const NumberPlace& place) {
  const NumberGroups& g = place.groups;
  size_t used = g.run(U'-');
  bool spaced = used == 1 && g.separator[0] == U' ' && g.length[0] < 10;
  if (spaced) used = g.run(U' ');
  if (used > 5 || !(g.may_end(used) || used == g.count)) return false;
  size_t digits = g.digits(used), end = g.end(used);
  if (digits < 10 || digits > 16) return false;
  bool date =
      g.length[0] == 4 && used >= 3 && g.length[1] == 2 && g.length[2] == 2 && place.text.at(g.begin[0]) <= U'2';
  if (date) return false;
  size_t reach = spaced ? 5 : kWindow;
  bool before = is_account_label(place.label) && place.label.distance <= reach;
  bool year = g.length[0] == 4 && (View(place.text.chars).substr(g.begin[0], 2) == U"19" ||
                                   View(place.text.chars).substr(g.begin[0], 2) == U"20");
  bool short_name = place.label.label == Label::kBankShort && !year && place.label.distance <= 2 && !spaced &&
                    (used >= 3 || has_label_before(place.text, g.begin[0], 0, 60, Label::kAccount));
  bool after = !spaced && (place.label.label == Label::kNone || place.label.label == Label::kBankShort) &&
               has_label_after(place.text, end, 12, Label::kBank);
  if (!before && !short_name && !after) return false;
  findings.add(g.begin[0], end, PiiType::kAccount);
  return true;
}

bool find_business(Findings& findings, const NumberPlace& place) {
  const NumberGroups& g = place.groups;
  size_t used = g.has_shape({{3, 3}, {2, 2}, {5, 5}}) ? 3 : g.has_shape({{10, 10}}) ? 1 : 0;
  if (used == 0 || !g.may_end(used) || place.is_labelled(Label::kOther, 6)) return false;
  char32_t sign = g.separator_of(used);
  if (used == 3 && (sign == 0 || sign == U')')) return false;
  bool named =
      place.label.label == Label::kBrn || has_label_before(place.text, g.begin[0], place.floor, kWindow, Label::kBrn);
  bool crowded = place.near_number_before || place.near_number_after;
  if (used == 1 ? !named : (sign == U' ' && crowded && !named)) return false;
  Digits<10> digits(place.text, g, used);
  if (!is_business_number(digits.value)) return false;
  findings.add(g.begin[0], g.end(used), PiiType::kBrn, true);
  return true;
}

// Where the name of the region before an old licence begins (`부산 82-000482-34`); `at` if there is none.
size_t region_begin(const FoldedText& text, size_t at) {
  static const std::vector<std::u32string> kRegions = folded_words(PiiFile::kRegions, "regions of licences");
  size_t end = at > 0 && (text.at(at - 1) == U' ' || text.at(at - 1) == U'-') ? at - 1 : at;
  for (View region : kRegions)
    if (end >= region.size() && View(text.chars).substr(end - region.size(), region.size()) == region)
      return end - region.size();
  return at;
}

bool find_licence(Findings& findings, const NumberPlace& place) {
  const NumberGroups& g = place.groups;
  bool named = has_label_before(place.text, g.begin[0], place.floor, kWindow, Label::kDriver) ||
               has_label_after(place.text, g.end(g.count), 12, Label::kDriver);
  bool strange = place.is_labelled(Label::kOther, 6) || (is_account_label(place.label) && !named);
  if (strange) return false;
  if (g.has_shape({{2, 2}, {6, 6}, {2, 2}}) && g.may_end(3) && g.separator_of(3) != 0) {
    size_t begin = region_begin(place.text, g.begin[0]);
    bool region = begin != g.begin[0] && (begin == 0 || !is_hangul(place.text.at(begin - 1)) || named);
    if (!region && !named) return false;
    findings.add(region ? begin : g.begin[0], g.end(3), PiiType::kDriver);
    return true;
  }
  size_t used = g.has_shape({{2, 2}, {2, 2}, {6, 6}, {2, 2}}) ? 4 : g.has_shape({{12, 12}}) ? 1 : 0;
  if (used == 0 || !g.may_end(used)) return false;
  if ((used == 1 || g.separator_of(4) != U'-') && !named) return false;
  Digits<12> digits(place.text, g, used);
  int region = digits.value[0] * 10 + digits.value[1];
  if (!((region >= 11 && region <= 26) || region == 28)) return false;
  findings.add(g.begin[0], g.end(used), PiiType::kDriver);
  return true;
}

bool add_phone(Findings& findings, NumberSpan span) {
  if (span.end != 0) findings.add(span.begin, span.end, PiiType::kPhone);
  return span.end != 0;
}

// Whether a number may begin here: not inside a longer number, a word, a price or a thousand.
bool may_begin(const FoldedText& text, size_t at) {
  if (at == 0) return true;
  char32_t before = text.at(at - 1), before2 = at > 1 ? text.at(at - 2) : U'\0';
  if (is_digit(before)) return false;
  if ((before == U'-' || before == U'.' || before == U'_') && is_digit(before2)) return false;
  if (before == U'.' && is_letter(before2)) return ends_abbreviation(text, at - 1) || is_sign_of_label(text, at - 1);
  if ((before == U'-' || before == U'_' || before == U'/') && is_letter(before2)) return is_sign_of_label(text, at - 1);
  if (before == U':' && is_digit(before2)) return false;  // a time
  if (before == U',' && is_digit(before2) && !is_digit(text.at(at + 3))) return false;
  if (before == U'$' || before == 0x20A9 || before == 0x20AC || before == 0xFFE6 || before == U'/') {
    return before == U'/' && before2 != U'/' && !is_letter(before2);
  }
  if (is_letter(before))
    return label_before(text, at, 0, 12).distance == 0 && label_before(text, at, 0, 12).label != Label::kNone;
  return true;
}

// Whether what stands after [.., end) makes it a quantity or a part of a word.
bool continues(const FoldedText& text, size_t end) {
  char32_t after = text.at(end);
  if (is_digit(after) || is_letter(after) || after == U'%' || after == U'원' || after == U'_') return true;
  if ((after == U'-' || after == U'.' || after == U',') && is_digit(text.at(end + 1))) {
    if (after != U',') return true;
    return is_digit(text.at(end + 2)) && is_digit(text.at(end + 3)) && !is_digit(text.at(end + 4)) &&
           text.at(end + 4) != U'-';
  }
  return false;
}

bool find_number(Findings& findings, const NumberPlace& place) {
  if (find_registration(findings, place) || find_card(findings, place)) return true;
  if (add_phone(findings, certain_phone(place))) return true;
  if (find_licence(findings, place)) return true;
  if ((is_account_label(place.label) || place.label.label == Label::kBankShort) && find_account(findings, place))
    return true;
  if (find_business(findings, place)) return true;
  if (add_phone(findings, labelled_phone(place))) return true;
  return find_account(findings, place);
}

}  // namespace

void find_numbers(Findings& findings) {
  const FoldedText& text = findings.text();
  size_t floor = 0;
  for (size_t i = 0; i < text.size();) {
    char32_t c = text.chars[i];
    if (c == U'+' && !findings.covered(i)) {
      if (NumberSpan span = international_phone(text, i); span.end != 0) {
        findings.add(span.begin, span.end, PiiType::kPhone);
        floor = i = span.end;
        continue;
      }
    }
    if (!is_digit(c)) {
      ++i;
      continue;
    }
    size_t run_end = i;
    while (is_digit(text.at(run_end))) ++run_end;
    if (findings.covered(i) || !may_begin(text, i)) {
      i = run_end;
      continue;
    }
    NumberPlace place{.text = text, .groups = NumberGroups(text, i)};
    const NumberGroups& g = place.groups;
    // `www.010-1234-5678.com` is a name.
    bool name =
        i > 0 && text.at(i - 1) == U'.' && text.at(g.end(g.count)) == U'.' && is_letter(text.at(g.end(g.count) + 1));
    if (name) {
      i = run_end;
      continue;
    }
    // A single short group cannot be any of these; skip the search for words.
    if (g.digits(g.count) < 8 || continues(text, g.end(g.count))) {
      // A tail that spoils the last group may leave a whole number before a space.
      bool tail_only = g.count > 1 && g.separator[g.count - 2] == U' ' && g.digits(g.count - 1) >= 8;
      if (!tail_only) {
        i = run_end;
        continue;
      }
      --place.groups.count;
    }
    place.floor = floor;
    place.label = label_before(text, i, floor, kWindow);
    place.near_number_before = i > 1 && text.at(i - 1) == U' ' && is_digit(text.at(i - 2));
    size_t end = g.end(g.count);
    place.near_number_after = g.count == NumberGroups::kMax || (text.at(end) == U' ' && is_digit(text.at(end + 1)));
    if (find_number(findings, place)) {
      while (run_end < text.size() && findings.covered(run_end)) ++run_end;
      floor = run_end;
    }
    i = run_end;
  }
}

}  // namespace malmoi::data
