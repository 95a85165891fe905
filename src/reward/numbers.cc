#include "reward/numbers.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <string>

#include "base/ascii.h"

namespace malmoi::reward {
namespace {

constexpr std::string_view kMinus = "\xE2\x88\x92";                           // U+2212
constexpr std::string_view kCurrencies[] = {"\\$", "$", "₩", "€", "£", "¥"};  // between a sign and its number

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

class NumberReader {
 public:
  explicit NumberReader(std::string_view text) : text_(text) {}

  /// From a digit, or a point before one: where it ends; `value` where it is a number.
  size_t read(size_t begin, std::optional<double>& value) {
    std::string digits;
    size_t at = read_whole(begin, digits);
    if (is_fraction(at)) {
      do digits += text_[at++];
      while (at < text_.size() && is_digit(text_[at]));
    }
    if (is_fraction(at) || (at < text_.size() && is_digit(text_[at]))) return skip_chain(at);
    at = read_exponent(at, digits);
    if (begin > 0 && is_letter(text_[begin - 1])) return at;
    double number = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (read.ec != std::errc() || !std::isfinite(number)) return at;
    value = is_negative(begin) ? -number : number;
    return at;
  }

 private:
  bool digits_at(size_t at, size_t count) const {
    if (at + count > text_.size()) return false;
    for (size_t i = at; i < at + count; ++i)
      if (!is_digit(text_[i])) return false;
    return true;
  }
  bool is_fraction(size_t at) const { return at + 1 < text_.size() && text_[at] == '.' && is_digit(text_[at + 1]); }

  // Digits, or groups of three behind commas.
  size_t read_whole(size_t at, std::string& digits) const {
    const size_t begin = at;
    while (at < text_.size() && is_digit(text_[at])) digits += text_[at++];
    if (at == begin || at - begin > 3) return at;
    while (at < text_.size() && text_[at] == ',' && digits_at(at + 1, 3) && !digits_at(at + 4, 1)) {
      digits.append(text_.substr(at + 1, 3));
      at += 4;
    }
    return at;
  }

  size_t read_exponent(size_t at, std::string& digits) const {
    size_t end = at;
    if (end >= text_.size() || (text_[end] != 'e' && text_[end] != 'E')) return at;
    ++end;
    if (end < text_.size() && (text_[end] == '-' || text_[end] == '+')) ++end;
    const size_t first = end;
    while (end < text_.size() && is_digit(text_[end])) ++end;
    if (end == first || (end < text_.size() && is_letter(text_[end]))) return at;
    digits += 'e';
    if (text_[at + 1] == '-') digits += '-';
    digits.append(text_.substr(first, end - first));
    return end;
  }

  // 1.2.3 is a version, and no part of it a number.
  size_t skip_chain(size_t at) const {
    while (at < text_.size() && (is_digit(text_[at]) || text_[at] == '.')) ++at;
    return at;
  }

  bool is_negative(size_t begin) const {
    std::string_view before = text_.substr(0, begin);
    for (std::string_view currency : kCurrencies)
      if (before.ends_with(currency)) before.remove_suffix(currency.size());
    const bool minus = before.ends_with('-');
    if (!minus && !before.ends_with(kMinus)) return false;
    before.remove_suffix(minus ? 1 : kMinus.size());
    if (before.empty()) return true;
    const char c = before.back();  // a minus behind a number or a word is one between two
    return !is_digit(c) && !is_letter(c) && c != ')' && c != '%' && c != '-';
  }

  std::string_view text_;
};

std::optional<double> quotient(std::optional<double> above, std::optional<double> below) {
  if (!above || !below || *below == 0) return {};
  return *above / *below;
}

// \frac{a}{b}, also \dfrac and \tfrac.
std::optional<double> latex_fraction(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  for (std::string_view name : {"\\frac{", "\\dfrac{", "\\tfrac{"}) {
    if (!text.starts_with(name) || !text.ends_with('}')) continue;
    text = text.substr(name.size(), text.size() - name.size() - 1);
    const size_t middle = text.find("}{");
    if (middle == std::string_view::npos) return {};
    const auto value = quotient(last_number(text.substr(0, middle)), last_number(text.substr(middle + 2)));
    return value && negative ? -*value : value;
  }
  return {};
}

// 1{,}200 and 1\,200 are 1,200 in print.
struct Spacing {
  std::string_view written, printed;
};
constexpr Spacing kSpacings[] = {{"{,}", ","}, {"\\,", ","}, {"\\!", ""}};

std::string without_spacing(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto* found = std::ranges::find_if(kSpacings, [&](const Spacing& s) { return text.starts_with(s.written); });
    const bool known = found != std::end(kSpacings);
    out += known ? found->printed : text.substr(0, 1);
    text.remove_prefix(known ? found->written.size() : 1);
  }
  return out;
}

}  // namespace

std::optional<double> last_number(std::string_view text) {
  std::optional<double> last;
  NumberReader reader(text);
  for (size_t at = 0; at < text.size();) {
    const bool begins = is_digit(text[at]) || (text[at] == '.' && at + 1 < text.size() && is_digit(text[at + 1]));
    if (!begins) {
      ++at;
      continue;
    }
    std::optional<double> value;
    at = reader.read(at, value);
    if (value) last = value;
  }
  return last;
}

std::optional<double> whole_number(std::string_view written) {
  const std::string printed = without_spacing(written);
  const std::string_view text = ascii_trim(printed);
  if (auto fraction = latex_fraction(text)) return fraction;
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos || text.find('/', slash + 1) != std::string_view::npos) return last_number(text);
  const std::string_view above = ascii_trim(text.substr(0, slash)), below = ascii_trim(text.substr(slash + 1));
  const bool plain = !below.empty() && below.find_first_not_of("0123456789.,") == std::string_view::npos &&
                     above.find_first_of(" \t\n") == std::string_view::npos;
  return plain ? quotient(last_number(above), last_number(below)) : last_number(text);
}

}  // namespace malmoi::reward
