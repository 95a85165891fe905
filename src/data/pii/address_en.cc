// Addresses in Latin script: American (`9110 Placeholder Blvd, Anytown, NY 12399`), British by postcode, and Korean
// ones written the English way (`12, Teheran-ro 5-gil, Gangnam-gu, Seoul 00000`).
#include <algorithm>
#include <array>
#include <string_view>

#include "data/pii/detectors.h"
#include "data/pii/labels.h"
#include "data/pii/words.h"

namespace malmoi::data {
namespace {

using View = std::u32string_view;

template <size_t N>
bool one_of(View word, const std::array<View, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_word_char(char32_t c) { return is_letter(c) || is_digit(c) || c == U'\''; }

size_t word_end(const FoldedText& text, size_t at) {
  while (is_word_char(text.at(at))) ++at;
  return at;
}

View word_at(const FoldedText& text, size_t at) { return View(text.chars).substr(at, word_end(text, at) - at); }

bool is_street_kind(View word) {
  static const FoldedWords kKinds(PiiFile::kAddresses, "street kinds");
  return kKinds.has(word);
}

bool is_state(View word) {
  static const FoldedWords kStates(PiiFile::kAddresses, "states");
  return kStates.has(word);
}

size_t digits_end(const FoldedText& text, size_t at) {
  while (is_digit(text.at(at))) ++at;
  return at;
}

// After a number: one to five words and a kind of street, `N Main St.`; its end or 0.
size_t street_end(const FoldedText& text, size_t at) {
  size_t i = at;
  for (int words = 0; words < 6; ++words) {
    if (text.at(i) != U' ') return 0;
    size_t begin = ++i;
    i = word_end(text, begin);
    if (i == begin) return 0;
    View word = View(text.chars).substr(begin, i - begin);
    bool abbreviated = text.at(i) == U'.' && word.size() <= 4;
    if (words > 0 && is_street_kind(word)) {
      size_t end = abbreviated && (text.at(i + 1) == U' ' || text.at(i + 1) == U',') ? i + 1 : i;
      // "Street" may be followed by a direction or by another kind: 12 Park Place Drive.
      if (text.at(i) == U' ' && is_street_kind(word_at(text, i + 1))) continue;
      return end;
    }
    if (abbreviated) ++i;
  }
  return 0;
}

// `, Apt 4B`, `, Suite 200`, ` #12`; the same place if there is none.
size_t apartment_end(const FoldedText& text, size_t at) {
  size_t i = at;
  if (text.at(i) == U',') ++i;
  if (text.at(i) != U' ') return at;
  ++i;
  if (text.at(i) == U'#') {
    size_t end = word_end(text, i + 1);
    return end > i + 1 ? end : at;
  }
  static constexpr std::array<View, 10> kUnits = {U"apt",  U"apartment", U"suite", U"ste", U"unit",
                                                  U"room", U"rm",        U"floor", U"fl",  U"building"};
  if (!one_of(word_at(text, i), kUnits)) return at;
  i = word_end(text, i);
  if (text.at(i) == U'.') ++i;
  if (text.at(i) != U' ') return at;
  if (text.at(++i) == U'#') ++i;
  size_t end = word_end(text, i);
  return end > i ? end : at;
}

// `, Springfield, IL 62799`, `, NY 12399-0001`; 0 if there is none.
size_t city_state_end(const FoldedText& text, size_t at) {
  size_t i = at;
  for (int words = 0; words < 6; ++words) {
    bool comma = text.at(i) == U',';
    if (comma) ++i;
    if (text.at(i) != U' ' && text.at(i) != U'\n') return 0;
    size_t begin = ++i;
    i = word_end(text, begin);
    if (i == begin) return 0;
    View word = View(text.chars).substr(begin, i - begin);
    if (is_state(word) && text.at(i) == U' ') {
      size_t zip = i + 1, end = digits_end(text, zip);
      if (end - zip == 5) {
        if (text.at(end) == U'-' && digits_end(text, end + 1) - end == 5) end += 5;
        return is_letter(text.at(end)) ? 0 : end;
      }
    }
    if (text.at(i) == U'.') ++i;
  }
  return 0;
}

// `, London SW1A 2AA`: up to three words and a postcode; 0 if there is none.
size_t british_end(const FoldedText& text, size_t at) {
  size_t i = at;
  for (int words = 0; words < 5; ++words) {
    if (text.at(i) == U',') ++i;
    if (text.at(i) != U' ') return 0;
    size_t begin = ++i;
    i = word_end(text, begin);
    View word = View(text.chars).substr(begin, i - begin);
    if (word.empty()) return 0;
    bool outward =
        word.size() >= 2 && word.size() <= 4 && is_letter(word[0]) && std::any_of(word.begin(), word.end(), is_digit);
    if (outward && text.at(i) == U' ' && is_digit(text.at(i + 1)) && is_letter(text.at(i + 2)) &&
        is_letter(text.at(i + 3)) && !is_word_char(text.at(i + 4)))
      return i + 4;
  }
  return 0;
}

// `, Somewhere, Springfield` after a labelled street: capitalised words cannot be told in folded text, so only up to
// the street and unit.
void find_street(Findings& findings, size_t at) {
  const FoldedText& text = findings.text();
  size_t number = digits_end(text, at);
  if (number - at > 6) return;
  if (text.at(number) == U'-' && is_digit(text.at(number + 1))) number = digits_end(text, number + 1);
  if (is_letter(text.at(number)) && !is_word_char(text.at(number + 1))) ++number;  // 12B
  size_t street = street_end(text, number);
  if (street == 0) return;
  size_t unit = apartment_end(text, street);
  size_t end = city_state_end(text, unit);
  if (end == 0) end = british_end(text, unit);
  if (end == 0) {
    FoundLabel label = label_before(text, at, 0, 16);
    if (label.label != Label::kAddress || label.distance > 3) return;
    end = unit;
  }
  findings.add(at, end, PiiType::kAddress);
}

bool ends_with(View word, View ending) {
  return word.size() > ending.size() && word.substr(word.size() - ending.size()) == ending;
}

// A hyphenated name: teheran-ro, 75beon-gil, gangnam-gu.
size_t hyphenated_end(const FoldedText& text, size_t at) {
  while (is_word_char(text.at(at)) || (text.at(at) == U'-' && is_word_char(text.at(at + 1)))) ++at;
  return at;
}

// `[#101-1203, ]12-3, Teheran-ro 5-gil, Gangnam-gu, Seoul[ 00000][, Republic of Korea]`.
void find_romanised(Findings& findings, size_t at) {
  static constexpr std::array<View, 9> kDistrict = {U"-gu",  U"-si",    U"-gun", U"-do", U"-dong",
                                                    U"-eup", U"-myeon", U"-ri",  U"-ga"};
  static constexpr std::array<View, 12> kCities = {U"seoul", U"busan",  U"daegu", U"incheon", U"gwangju",  U"daejeon",
                                                   U"ulsan", U"sejong", U"jeju",  U"korea",   U"republic", U"south"};
  const FoldedText& text = findings.text();
  size_t i = hyphenated_end(text, at), end = 0;
  if (i - at > 9) return;
  bool road = false, district = false;
  for (int words = 0; words < 12; ++words) {
    if (text.at(i) == U',') ++i;
    if (text.at(i) != U' ') break;
    size_t begin = i + 1;
    i = hyphenated_end(text, begin);
    if (i == begin) break;
    View word = View(text.chars).substr(begin, i - begin);
    bool is_road = ends_with(word, U"-ro") || ends_with(word, U"-gil") || ends_with(word, U"-daero");
    bool is_district = std::any_of(kDistrict.begin(), kDistrict.end(), [&](View e) { return ends_with(word, e); });
    bool city = one_of(word, kCities),
         zip = district && word.size() == 5 && std::all_of(word.begin(), word.end(), is_digit);
    bool of = word == U"of" && end != 0;
    if (words == 0 && !is_road && !(is_district && ends_with(word, U"-dong"))) return;
    if (!is_road && !is_district && !city && !zip && !of) break;
    road |= is_road || words == 0;
    district |= is_district || (city && road);
    if (!of && word != U"republic" && word != U"south") end = i;
  }
  if (road && district && end != 0) findings.add(at, end, PiiType::kAddress);
}

void find_box(Findings& findings, size_t at) {
  const FoldedText& text = findings.text();
  for (View form : {View(U"p.o. box "), View(U"po box ")}) {
    if (View(text.chars).substr(at, form.size()) != form) continue;
    size_t number = digits_end(text, at + form.size());
    if (number == at + form.size()) return;
    if (size_t end = city_state_end(text, number); end != 0) findings.add(at, end, PiiType::kAddress);
    return;
  }
}

}  // namespace

void find_english_addresses(Findings& findings) {
  const FoldedText& text = findings.text();
  for (size_t i = 0; i < text.size(); ++i) {
    char32_t before = i > 0 ? text.at(i - 1) : U' ';
    if (is_word_char(before) || findings.covered(i)) continue;
    bool tied = before == U'-' || before == U'.';  // but for `Addr.12 Main St`
    auto named = [&] {
      return is_sign_of_label(text, i - 1, Label::kAddress) || is_sign_of_label(text, i - 1, Label::kIp);
    };
    if (tied && !named()) continue;
    if (text.chars[i] == U'p' && text.at(i + 1) != U'a') find_box(findings, i);
    if (!is_digit(text.chars[i])) continue;
    find_street(findings, i);
    if (!findings.covered(i)) find_romanised(findings, i);
  }
}

}  // namespace malmoi::data
