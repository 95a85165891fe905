// IPv4 and IPv6 addresses; versions, section numbers and times of the same shape are told apart by words and size.
#include <algorithm>
#include <array>
#include <string_view>

#include "data/pii/detectors.h"
#include "data/pii/labels.h"

namespace malmoi::data {
namespace {

using View = std::u32string_view;

struct V4 {
  bool ok = false;
  size_t end = 0;
  std::array<int, 4> octets{};
};

bool is_large(const std::array<int, 4>& octets) {
  return std::any_of(octets.begin(), octets.end(), [](int o) { return o >= 100; });
}

V4 read_v4(const FoldedText& text, size_t at) {
  V4 out;
  size_t i = at;
  for (size_t k = 0; k < 4; ++k) {
    if (k > 0) {
      if (text.at(i) != U'.') return out;
      ++i;
    }
    size_t begin = i;
    int value = 0;
    while (is_digit(text.at(i)) && i - begin < 4) value = value * 10 + static_cast<int>(text.at(i++) - U'0');
    if (i == begin || i - begin > 3 || value > 255 || (i - begin > 1 && text.at(begin) == U'0')) return out;
    out.octets[k] = value;
  }
  out.end = i;
  // Not part of a longer number, version or word; a hyphen may join two addresses of a range.
  char32_t next = text.at(i), next2 = text.at(i + 1);
  bool longer = is_digit(next) || is_letter(next);
  if (next == U'.' || next == U'_') longer = is_digit(next2) || is_letter(next2);
  if (next == U'-') longer = is_letter(next2) || (is_digit(next2) && !is_large(out.octets));
  out.ok = !longer;
  return out;
}

// Not anyone's: this host, nobody, masks and broadcast.
bool is_nobody(const std::array<int, 4>& o) {
  return o[0] == 127 || o[0] == 255 || o == std::array<int, 4>{0, 0, 0, 0};
}

void find_v4(Findings& findings, size_t at) {
  const FoldedText& text = findings.text();
  char32_t before = at > 0 ? text.at(at - 1) : U'\0';
  char32_t before2 = at > 1 ? text.at(at - 2) : U'\0';
  bool named = at > 0 && is_letter(before2) && !is_digit(before) && is_sign_of_label(text, at - 1, Label::kIp);
  named |= is_letter(before) && label_before(text, at, 0, 1).label == Label::kIp;  // ip10.0.0.1
  if (is_digit(before) || (!named && (is_letter(before) || before == U'.' || before == U'_'))) return;
  if (before == U':' && is_digit(before2)) return;
  V4 v4 = read_v4(text, at);
  if (!v4.ok || is_nobody(v4.octets)) return;
  bool large = is_large(v4.octets);
  if (before == U'-' && is_digit(before2) && !large) return;
  FoundLabel label = label_before(text, at, 0, 24);
  bool network = has_label_before(text, at, 0, 30, Label::kIp) || has_label_after(text, v4.end, 14, Label::kIp);
  bool port = text.at(v4.end) == U':' && is_digit(text.at(v4.end + 1));
  bool prefix = text.at(v4.end) == U'/' && is_digit(text.at(v4.end + 1)) && v4.octets[3] == 0;
  bool product = before == U'/' && is_letter(before2);  // Chrome/91.0.4.123
  if (product && !network) return;
  size_t reach = large ? 8 : 20;
  if ((label.label == Label::kVersion || label.label == Label::kOther) && label.distance <= reach) return;
  if (large || port || prefix || network) findings.add(at, v4.end, PiiType::kIp);
}

bool is_hex(char32_t c) { return is_digit(c) || (c >= U'a' && c <= U'f'); }

// RFC 4291 text forms: eight groups, or fewer with one "::"; the last two may be an IPv4 address.
size_t read_v6(const FoldedText& text, size_t at, bool& meaningful) {
  size_t i = at, groups = 0, good_end = at;
  bool gap = false, first_wide = false, digits = false, octets = true;
  auto take_gap = [&] {
    gap = true;
    i += 2;
    good_end = i;
  };
  if (text.at(i) == U':' && text.at(i + 1) == U':') take_gap();
  while (groups < 8) {
    size_t begin = i;
    while (is_hex(text.at(i)) && i - begin < 5) digits |= is_digit(text.at(i++));
    if (i == begin) break;
    if (i - begin > 4 || is_letter(text.at(i))) return at;
    if (text.at(i) == U'.' && is_digit(text.at(begin)) && groups > 0) {
      V4 tail = read_v4(text, begin);
      if (!tail.ok) return at;
      groups += 2;
      good_end = i = tail.end;
      break;
    }
    if (groups == 0 && !gap) first_wide = i - begin >= 3 || View(text.chars).substr(begin, 2) == U"64";
    octets = octets && i - begin == 2;
    ++groups;
    good_end = i;
    if (text.at(i) != U':') break;
    if (text.at(i + 1) == U':') {
      if (gap) return at;
      take_gap();
      if (!is_hex(text.at(i))) break;
    } else {
      ++i;
      if (!is_hex(text.at(i))) break;
    }
  }
  // `a[1::2]` and `std::` are no addresses: the first group of one in use is long, 64:ff9b::, or ::ffff: before IPv4.
  // Eight pairs are a fingerprint.
  bool known = first_wide && groups >= 2;
  meaningful = digits && (known || View(text.chars).substr(at, 7) == U"::ffff:" || (groups == 8 && !octets));
  bool complete = gap ? groups >= 1 && groups <= 7 : groups == 8;
  if (text.at(good_end) == U':' && is_hex(text.at(good_end + 1))) return at;  // a longer row of pairs
  return complete && !is_letter(text.at(good_end)) && !is_digit(text.at(good_end)) ? good_end : at;
}

size_t find_v6(Findings& findings, size_t at) {
  const FoldedText& text = findings.text();
  char32_t before = at > 0 ? text.at(at - 1) : U'\0';
  bool named = at > 0 && before == U'.' && is_sign_of_label(text, at - 1, Label::kIp);
  if (is_digit(before) || is_letter(before) || (before == U'.' && !named) || before == U'_') return at + 1;
  if (before == U':' && at > 1 && (is_hex(text.at(at - 2)) || text.at(at - 2) == U':')) return at + 1;
  bool meaningful = false;
  size_t end = read_v6(text, at, meaningful);
  if (end == at || !meaningful) return at + 1;
  View found = View(text.chars).substr(at, end - at);
  if (std::count(found.begin(), found.end(), U':') < 2 || found == U"::1") return at + 1;
  findings.add(at, end, PiiType::kIp);
  return end;
}

}  // namespace

void find_ips(Findings& findings) {
  const FoldedText& text = findings.text();
  // IPv6 first: it may hold an IPv4 address. Each address holds "::" or seven colons, so start from the colons' groups.
  for (size_t i = 0; i < text.size();) {
    if (text.chars[i] != U':') {
      ++i;
      continue;
    }
    size_t begin = i;
    while (begin > 0 && i - begin < 4 && is_hex(text.at(begin - 1))) --begin;
    size_t next = find_v6(findings, begin);
    i = std::max(i + 1, next);
  }
  for (size_t i = 0; i < text.size(); ++i)
    if (is_digit(text.chars[i]) && (i == 0 || !is_digit(text.chars[i - 1])) && !findings.covered(i))
      find_v4(findings, i);
}

}  // namespace malmoi::data
