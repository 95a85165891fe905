#include "grammar/number_range.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "grammar/json_rules.h"

namespace malmoi::grammar {
namespace {

constexpr size_t kMaxDecimalDigits = 40;

std::string tail() { return "[0-9]{0," + std::to_string(JsonRules::kMaxDigits) + "}"; }
std::string any_fraction() { return "(\\.[0-9]{1," + std::to_string(JsonRules::kMaxDigits) + "})?"; }

// Digits that are not all zeros.
std::string positive_tail() {
  const std::string half = std::to_string(JsonRules::kMaxDigits / 2);
  return "0{0," + half + "}[1-9][0-9]{0," + half + "}";
}

std::string joined(const std::vector<std::string>& ways) {
  std::string out;
  for (const std::string& way : ways) out += (out.empty() ? "(" : "|") + way;
  return out.empty() ? out : out + ")";
}

std::string digit_range(char first, char last) {
  return first == last ? std::string(1, first) : std::string("[") + first + "-" + last + "]";
}

bool all_are(const std::string& digits, char digit) { return digits.find_first_not_of(digit) == std::string::npos; }
std::string repeated(char digit, size_t count) { return std::string(count, digit); }

int compare_digits(const std::string& a, const std::string& b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

// Digit strings of one length from `low` to `high`.
std::string same_length(const std::string& low, const std::string& high) {
  if (low.empty()) return "";
  const std::string low_rest = low.substr(1), high_rest = high.substr(1);
  const std::string free = low_rest.empty() ? "" : "[0-9]{" + std::to_string(low_rest.size()) + "}";
  if (low[0] == high[0]) return low[0] + same_length(low_rest, high_rest);
  std::vector<std::string> ways;
  char first = low[0], last = high[0];
  if (!all_are(low_rest, '0')) {
    ways.push_back(first + same_length(low_rest, repeated('9', low_rest.size())));
    ++first;
  }
  if (!all_are(high_rest, '9')) {
    ways.push_back(last + same_length(repeated('0', high_rest.size()), high_rest));
    --last;
  }
  if (first <= last) ways.push_back(digit_range(first, last) + free);
  return joined(ways);
}

// Whole numbers without leading zeros from `low` to `high`; empty: none.
std::string whole_range(const std::string& low, const std::string& high) {
  std::vector<std::string> ways;
  for (size_t length = low.size(); length <= high.size(); ++length) {
    const std::string from = length == low.size() ? low : "1" + repeated('0', length - 1);
    const std::string to = length == high.size() ? high : repeated('9', length);
    if (compare_digits(from, to) <= 0) ways.push_back(same_length(from, to));
  }
  return joined(ways);
}

// The largest whole number where there is no upper end.
std::string open_end(const std::string& low) {
  return repeated('9', std::max<size_t>(JsonRules::kMaxDigits, low.size() + 1));
}

// Digits that, behind those before `at`, make a fraction of at least `fraction`.
std::string digits_from(const std::string& fraction, bool excluded, size_t at) {
  if (at == fraction.size()) return excluded ? positive_tail() : tail();
  std::vector<std::string> ways{fraction[at] + digits_from(fraction, excluded, at + 1)};
  if (fraction[at] < '9') ways.push_back(digit_range(static_cast<char>(fraction[at] + 1), '9') + tail());
  return joined(ways);
}

std::string fraction_from(const std::string& fraction, bool excluded) {
  if (fraction.empty() && !excluded) return any_fraction();
  return "\\." + digits_from(fraction, excluded, 0);
}

enum class Least {
  kNothing,
  kZero,
  kPositive
};  // what a fraction must be: it may be missing; it has a digit; it is above 0

// Digits that make a fraction of at most `fraction`; empty: none.
std::string digits_to(const std::string& fraction, bool excluded, size_t at, Least least) {
  std::vector<std::string> ways;
  if (at == fraction.size()) {
    if (excluded || least == Least::kPositive) return "";
    return least == Least::kNothing ? "0{0,8}" : "0{1,8}";
  }
  const char digit = fraction[at];
  // The same digit, and less behind it; then what was read is above 0, if the digit is.
  const Least after = least == Least::kPositive && digit == '0' ? Least::kPositive : Least::kNothing;
  const std::string rest = digits_to(fraction, excluded, at + 1, after);
  if (!rest.empty()) ways.push_back(digit + rest);
  if (digit > '0') {
    if (least == Least::kPositive) {
      ways.push_back("0" + positive_tail());
      if (digit > '1') ways.push_back(digit_range('1', static_cast<char>(digit - 1)) + tail());
    } else {
      ways.push_back(digit_range('0', static_cast<char>(digit - 1)) + tail());
    }
  }
  const std::string some = joined(ways);
  return least == Least::kNothing && !some.empty() ? some + "?" : some;
}

// The point with what is behind it, up to `fraction`; nullopt: there is none.
std::optional<std::string> fraction_to(const std::string& fraction, bool excluded, Least least) {
  if (fraction.empty() && (excluded || least == Least::kPositive)) return {};
  if (least == Least::kPositive) return "\\." + digits_to(fraction, excluded, 0, least);
  return "(\\." + digits_to(fraction, excluded, 0, Least::kZero) + ")?";
}

// Behind the same whole number: from `low` to `high`.
std::optional<std::string> fraction_between(const Bound& low, const Bound& high) {
  const std::string &from = low.value.fraction, &to = high.value.fraction;
  size_t common = 0;
  while (common < from.size() && common < to.size() && from[common] == to[common]) ++common;
  const std::string prefix = to.substr(0, common);
  if (common == from.size()) {  // the lower end goes on with zeros
    if (common == 0) return fraction_to(to, high.excluded, low.excluded ? Least::kPositive : Least::kNothing);
    const std::string digits = digits_to(to, high.excluded, common, low.excluded ? Least::kPositive : Least::kNothing);
    if (digits.empty()) return {};
    return "\\." + prefix + digits;
  }
  if (common == to.size() || from[common] > to[common]) return {};
  std::vector<std::string> ways{from[common] + digits_from(from, low.excluded, common + 1)};
  if (from[common] + 1 < to[common])
    ways.push_back(digit_range(static_cast<char>(from[common] + 1), static_cast<char>(to[common] - 1)) + tail());
  const bool ends_here = common + 1 == to.size();
  const std::string rest = digits_to(to, high.excluded, common + 1, Least::kNothing);
  if (!ends_here || !high.excluded) ways.push_back(to[common] + rest);
  return "\\." + prefix + joined(ways);
}

// Both ends at or above 0.
std::string positive_numbers(const Bound& low, const std::optional<Bound>& high) {
  std::vector<std::string> ways;
  if (high && low.value.whole == high->value.whole) {
    if (auto fraction = fraction_between(low, *high)) ways.push_back(low.value.whole + *fraction);
    return joined(ways);
  }
  ways.push_back(low.value.whole + fraction_from(low.value.fraction, low.excluded));
  const std::string last = high ? high->value.whole : open_end(low.value.whole);
  if (high && compare_digits(low.value.whole, last) > 0) return "";
  const std::string from = next_whole(low.value.whole), to = high ? previous_whole(last) : last;
  if (compare_digits(from, to) <= 0) ways.push_back(whole_range(from, to) + any_fraction());
  if (high)
    if (auto fraction = fraction_to(high->value.fraction, high->excluded, Least::kNothing))
      ways.push_back(last + *fraction);
  return joined(ways);
}

std::string positive_integers(const Bound& low, const std::optional<Bound>& high) {
  const bool up = low.excluded || !low.value.fraction.empty();
  const std::string from = up ? next_whole(low.value.whole) : low.value.whole;
  if (!high) return whole_range(from, open_end(from));
  std::string to = high->value.whole;
  if (high->excluded && high->value.fraction.empty()) {
    if (to == "0") return "";
    to = previous_whole(to);
  }
  return compare_digits(from, to) <= 0 ? whole_range(from, to) : "";
}

std::optional<Bound> magnitude(std::optional<Bound> bound) {
  if (bound) bound->value.negative = false;
  return bound;
}

// A range as what it has on both sides of 0; "-0" is not written.
template <typename Positive>
std::string both_signs(const std::optional<Bound>& low, const std::optional<Bound>& high, const Positive& positive) {
  std::vector<std::string> ways;
  const bool above = !high || !(high->value.negative || (high->excluded && high->value.is_zero()));
  const bool below = !low || (low->value.negative && !low->value.is_zero());
  if (above) {
    const std::string some = positive(low && !low->value.negative ? *low : Bound{}, high);
    if (!some.empty()) ways.push_back(some);
  }
  if (below) {
    const Bound nearest = high && high->value.negative ? *magnitude(high) : Bound{.value = {}, .excluded = true};
    const std::string some = positive(nearest, magnitude(low));
    if (!some.empty()) ways.push_back("-" + some);
  }
  return joined(ways);
}

}  // namespace

int compare(const Decimal& a, const Decimal& b) {
  if (a.is_zero() && b.is_zero()) return 0;
  if (a.negative != b.negative) return a.negative ? -1 : 1;
  int order = compare_digits(a.whole, b.whole);
  if (order == 0) order = a.fraction.compare(b.fraction);
  return a.negative ? -order : order;
}

Result<Decimal> to_decimal(const Json& number, const std::string& where) {
  if (!number.is_number()) return invalid_data("a number was expected", where);
  const std::string text = dump_json(number);
  Decimal out;
  size_t at = text[0] == '-' ? 1 : 0;
  out.negative = at == 1;
  std::string digits;
  int64_t point = 0;  // digits before the point
  bool behind = false;
  for (; at < text.size() && text[at] != 'e' && text[at] != 'E'; ++at) {
    if (text[at] == '.') behind = true;
    else {
      digits += text[at];
      point += behind ? 0 : 1;
    }
  }
  if (at < text.size()) {
    const size_t sign = text[at + 1] == '+' ? 2 : 1;
    int64_t exponent = 0;
    std::from_chars(text.data() + at + sign, text.data() + text.size(), exponent);
    point += exponent;
  }
  if (point > static_cast<int64_t>(kMaxDecimalDigits) || point < -static_cast<int64_t>(kMaxDecimalDigits))
    return unsupported("a bound of more than " + std::to_string(kMaxDecimalDigits) + " digits", where,
                       "leave it out: numbers are written with fewer");
  if (point < 0) {
    digits.insert(0, static_cast<size_t>(-point), '0');
    point = 0;
  }
  if (digits.size() < static_cast<size_t>(point)) digits.append(static_cast<size_t>(point) - digits.size(), '0');
  out.whole = digits.substr(0, static_cast<size_t>(point));
  out.fraction = digits.substr(static_cast<size_t>(point));
  out.whole.erase(0, std::min(out.whole.find_first_not_of('0'), out.whole.size()));
  out.fraction.erase(out.fraction.find_last_not_of('0') + 1);
  if (out.whole.empty()) out.whole = "0";
  if (out.is_zero()) out.negative = false;
  return out;
}

std::string next_whole(std::string digits) {
  for (size_t i = digits.size(); i-- > 0;) {
    if (digits[i] != '9') {
      ++digits[i];
      return digits;
    }
    digits[i] = '0';
  }
  return "1" + digits;
}

std::string previous_whole(std::string digits) {
  for (size_t i = digits.size(); i-- > 0;) {
    if (digits[i] != '0') {
      --digits[i];
      break;
    }
    digits[i] = '9';
  }
  return digits.size() > 1 && digits[0] == '0' ? digits.substr(1) : digits;
}

std::string integer_range(std::optional<Bound> low, std::optional<Bound> high) {
  return both_signs(low, high, positive_integers);
}

std::string number_range(std::optional<Bound> low, std::optional<Bound> high) {
  return both_signs(low, high, positive_numbers);
}

}  // namespace malmoi::grammar
