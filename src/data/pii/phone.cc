#include "data/pii/phone.h"

#include <algorithm>
#include <array>

namespace malmoi::data {
namespace {

int number_at(const FoldedText& text, size_t begin, size_t length) {
  int value = 0;
  for (size_t i = 0; i < length; ++i) value = value * 10 + static_cast<int>(text.chars[begin + i] - U'0');
  return value;
}

bool is_mobile_prefix(const FoldedText& text, size_t at) {
  char32_t c = text.at(at + 2);
  return text.at(at) == U'0' && text.at(at + 1) == U'1' && is_digit(c) && c != U'2' && c != U'3' && c != U'4' &&
         c != U'5';
}

// 02, 031-033, 041-044, 051-055, 061-064, 070, 080, 060, 0502-0508.
bool is_area_code(const FoldedText& text, size_t at, size_t length) {
  int code = number_at(text, at, length);
  if (text.at(at) != U'0') return false;
  if (length == 2) return code == 2;
  if (length == 3)
    return (code >= 31 && code <= 33) || (code >= 41 && code <= 44) || (code >= 51 && code <= 55) ||
           (code >= 61 && code <= 64) || code == 70 || code == 80 || code == 60;
  return length == 4 && code >= 502 && code <= 508;
}

bool is_representative(int first4) {
  static constexpr std::array<int, 21> kFirst = {1522, 1533, 1544, 1566, 1577, 1588, 1599, 1600, 1644, 1660, 1661,
                                                 1666, 1668, 1670, 1688, 1800, 1811, 1833, 1855, 1877, 1899};
  return std::find(kFirst.begin(), kFirst.end(), first4) != kFirst.end();
}

bool is_nanp(const FoldedText& text, size_t area, size_t exchange) {
  return text.at(area) >= U'2' && text.at(exchange) >= U'2';
}

// The bracket of `(02) 123-4567` belongs to the number.
size_t with_bracket(const NumberPlace& place) {
  size_t begin = place.groups.begin[0];
  bool bracket = place.groups.separator[0] == U')' && begin > 0 && place.text.at(begin - 1) == U'(';
  return bracket ? begin - 1 : begin;
}

// Digits of a national number without its leading zero: 10-1234-5678, 2-123-4567, 70-1234-5678, 1588-1234.
bool is_korean_national(const FoldedText& text, const std::array<size_t, 16>& places, size_t from, size_t count) {
  auto digit = [&](size_t i) { return text.chars[places[from + i]]; };
  if (count > 0 && digit(0) == U'0') {
    ++from;
    --count;
  }
  if (count < 8 || count > 11) return false;
  char32_t a = digit(0), b = digit(1);
  if (a == U'1') return (b == U'0' && count == 10) || (b != U'0' && (count == 9 || count == 10 || count == 8));
  if (a == U'2') return count == 8 || count == 9;
  if (a == U'7' || a == U'8') return b == U'0' && (count == 9 || count == 10);
  return a >= U'3' && a <= U'6' && count >= 8 && count <= 11;
}

bool is_international(const FoldedText& text, const std::array<size_t, 16>& places, size_t count) {
  auto digit = [&](size_t i) { return text.chars[places[i]]; };
  if (digit(0) == U'0') return false;
  if (digit(0) == U'1') return count == 11 && digit(1) >= U'2' && digit(4) >= U'2';
  if (digit(0) == U'8' && digit(1) == U'2') return is_korean_national(text, places, 2, count - 2);
  return count >= 9 && count <= 15;
}

}  // namespace

NumberSpan international_phone(const FoldedText& text, size_t plus) {
  std::array<size_t, 16> places{};
  size_t count = 0, i = plus + 1, best = 0, separators = 0;
  if (text.at(i) == U' ') ++i;
  if (!is_digit(text.at(i))) return {};
  char32_t before = plus > 0 ? text.at(plus - 1) : U'\0';
  if (is_digit(before) || is_letter(before) || before == U'+') return {};
  int open = 0;
  while (i < text.size() && count < 15) {
    size_t group = i;
    while (is_digit(text.at(i)) && count < 15) places[count++] = i++;
    if (is_digit(text.at(i))) return {};
    bool boundary = !is_letter(text.at(i)) && !((text.at(i) == U'-' || text.at(i) == U'.') && is_digit(text.at(i + 1)));
    if (i > group && boundary && open == 0 && is_international(text, places, count)) {
      best = i;
      if (text.chars[places[0]] == U'1' || (text.chars[places[0]] == U'8' && text.chars[places[1]] == U'2')) break;
    }
    size_t signs = 0;
    while (signs < 3) {  // " (", ") ", "-", " - "
      char32_t c = text.at(i);
      bool after_code = c == U')' && open == 0 && separators == 0 && signs == 0;  // +82)10-1234-5678
      if (c == U'(') ++open;
      else if (c == U')' && open > 0) --open;
      else if (!after_code && c != U' ' && c != U'-' && c != U'.') break;
      ++i;
      ++signs;
    }
    if (signs == 0 || !is_digit(text.at(i))) break;
    ++separators;
    // Of other countries the length is open: a further group belongs only if it comes after one sign.
    if (best != 0 && signs > 1) break;
  }
  bool known = text.at(places[0]) == U'1' || (text.at(places[0]) == U'8' && text.at(places[1]) == U'2');
  if (best == 0 || (!known && separators < 2 && !has_label_before(text, plus, 0, 20, Label::kPhone))) return {};
  bool bracket = before == U'(' && [&] {  // (+82) 10-1234-5678
    for (size_t k = plus; k < best; ++k)
      if (text.at(k) == U')') return true;
    return false;
  }();
  return {bracket ? plus - 1 : plus, best};
}

NumberSpan certain_phone(const NumberPlace& place) {
  const NumberGroups& g = place.groups;
  const FoldedText& text = place.text;
  size_t first = g.begin[0];
  size_t country = g.length[0] == 4 && text.at(first) == U'0' && text.at(first + 1) == U'0' ? first + 2 : first;
  bool korea = text.at(country) == U'8' && text.at(country + 1) == U'2' && g.end(1) == country + 2;
  if (korea && g.count >= 4) {  // 82-10-1234-5678, 0082-10-1234-5678
    bool mobile = g.has_shape({{2, 4}, {2, 3}, {3, 4}, {4, 4}}) && g.may_end(4) && g.separator[0] != U' ';
    size_t code = g.begin[1];
    bool ten = (g.length[1] == 2 && text.at(code) == U'1') || (g.length[1] == 3 && is_mobile_prefix(text, code));
    if (mobile && ten) return {first, g.end(4)};
  }
  if (text.at(first) != U'0') return {};
  if (is_mobile_prefix(text, first)) {
    if (g.has_shape({{3, 3}, {3, 4}, {4, 4}}) && g.may_end(3)) return {with_bracket(place), g.end(3)};
    if (g.has_shape({{3, 3}, {7, 8}}) && g.may_end(2)) return {with_bracket(place), g.end(2)};
    if (g.has_shape({{6, 7}, {4, 4}}) && g.may_end(2)) return {first, g.end(2)};
    bool bare = (g.length[0] == 11 || (g.length[0] == 10 && text.at(first + 2) != U'0')) && g.may_end(1);
    if (bare && !place.is_labelled(Label::kOther, 3)) return {first, g.end(1)};
    return {};
  }
  if (g.count < 3 || !g.has_shape({{2, 4}, {3, 4}, {4, 4}}) || !g.may_end(3) ||
      !is_area_code(text, first, g.length[0])) {
    bool internet = g.length[0] == 11 && g.may_end(1) && is_area_code(text, first, 3) && text.at(first + 1) == U'7';
    return internet && !place.is_labelled(Label::kOther, 4) ? NumberSpan{first, g.end(1)} : NumberSpan{};
  }
  if (place.is_labelled(Label::kOther, 4)) return {};
  if (g.separator[0] == U' ' && g.separator[1] == U' ' && (place.near_number_before || g.count > 3)) return {};
  return {with_bracket(place), g.end(3)};
}

NumberSpan labelled_phone(const NumberPlace& place) {
  const NumberGroups& g = place.groups;
  const FoldedText& text = place.text;
  size_t first = g.begin[0];
  char32_t before = first > 0 ? text.at(first - 1) : U'\0';
  bool phone = place.label.label == Label::kPhone;
  bool other = place.is_labelled(Label::kOther, 6) || place.is_labelled(Label::kAccount, 12) ||
               place.is_labelled(Label::kBank, 12) || before == U'#';
  if (g.has_shape({{4, 4}, {4, 4}}) && g.may_end(2) && g.separator[0] != U' ' &&
      is_representative(number_at(text, first, 4)) && !other &&
      ((phone && place.label.distance <= 12) || has_label_after(text, g.end(2), 8, Label::kPhone)))
    return {first, g.end(2)};
  if (g.has_shape({{3, 3}, {3, 3}, {4, 4}}) && g.may_end(3) && is_nanp(text, first, g.begin[1]) && !other) {
    bool spaced = g.separator[0] == U' ';
    bool alike = g.separator[0] == g.separator[1] || g.separator[0] == U')';  // 252.227-7013 is a clause
    if (alike && (!spaced || phone)) return {with_bracket(place), g.end(3)};
  }
  if (g.has_shape({{1, 1}, {3, 3}, {3, 3}, {4, 4}}) && g.may_end(4) && text.at(first) == U'1' &&
      is_nanp(text, g.begin[1], g.begin[2]) && !other && (g.separator[0] != U' ' || phone))
    return {first, g.end(4)};
  if (!phone || place.label.distance > 8 || !g.may_end(1)) return {};
  size_t length = g.length[0];
  bool korean = text.at(first) == U'0' && ((text.at(first + 1) == U'2' && (length == 9 || length == 10)) ||
                                           (length >= 10 && length <= 12 && is_area_code(text, first, 3)) ||
                                           (length >= 11 && length <= 12 && is_area_code(text, first, 4)));
  bool nanp = length == 10 && is_nanp(text, first, first + 3);
  bool with_code = text.at(first) == U'8' && text.at(first + 1) == U'2' && (length == 11 || length == 12);
  return korean || nanp || with_code ? NumberSpan{first, g.end(1)} : NumberSpan{};
}

}  // namespace malmoi::data
