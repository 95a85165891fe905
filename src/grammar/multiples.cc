#include "grammar/multiples.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "grammar/json_rules.h"

namespace malmoi::grammar {
namespace {

constexpr int64_t kMostRemainders = 1024;  // each makes a rule for each digit
constexpr size_t kMostPlaces = 40;         // zeros at the end of a step, or digits behind its point

// step = factor * 10^exponent, with a factor that 10 does not divide.
struct Step {
  int64_t factor = 1;
  int exponent = 0;
};

std::optional<Step> parts_of_step(const Decimal& value) {
  std::string digits = value.whole + value.fraction;
  Step step{.factor = 0, .exponent = -static_cast<int>(value.fraction.size())};
  while (digits.size() > 1 && digits.back() == '0') {
    digits.pop_back();
    ++step.exponent;
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.empty() || digits.size() > 9) return {};
  step.factor = std::stoll(digits);
  return step;
}

// The least whole number of steps; 10^places have been checked to be few.
Step whole_step(Step step) {
  if (step.exponent >= 0) return step;
  // factor / 10^p in lowest terms is n / d: its whole multiples are those of n.
  int64_t factor = step.factor;
  for (int prime : {2, 5})
    for (int i = step.exponent; i < 0 && factor % prime == 0; ++i) factor /= prime;
  Step whole{.factor = factor, .exponent = 0};
  while (whole.factor % 10 == 0) {
    whole.factor /= 10;
    ++whole.exponent;
  }
  return whole;
}

// Digits of value * 10^-exponent, rounded up or down where something is left; `value` is at or above 0.
std::string scaled(const Bound& bound, int exponent, bool up) {
  std::string digits = bound.value.whole + bound.value.fraction;
  const int64_t point = static_cast<int64_t>(bound.value.whole.size()) - exponent;
  std::string rest;
  if (point <= 0) {
    rest = digits;
    digits = "0";
  } else if (static_cast<size_t>(point) <= digits.size()) {
    rest = digits.substr(static_cast<size_t>(point));
    digits.resize(static_cast<size_t>(point));
  } else {
    digits.append(static_cast<size_t>(point) - digits.size(), '0');
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  const bool exact = rest.find_first_not_of('0') == std::string::npos;
  if (up && (!exact || bound.excluded)) return next_whole(digits);
  if (!up && exact && bound.excluded) return digits == "0" ? "" : previous_whole(digits);
  return digits;
}

/// Writes the numbers u * 10^exponent, where u is a multiple of the factor between two others, all of one sign.
class MultiplesWriter {
 public:
  MultiplesWriter(Grammar& grammar, Step step, bool wanted, std::string where)
      : grammar_(grammar), step_(step), wanted_(wanted), where_(std::move(where)) {
    places_ = static_cast<size_t>(std::max(-step.exponent, 0));
    for (char digit = '0'; digit <= '9'; ++digit) digits_.push_back(grammar_.literal(std::string(1, digit)));
    const size_t zeros = static_cast<size_t>(std::max(step.exponent, 0));
    end_ = grammar_.literal(std::string(zeros, '0'));
  }

  // `low` and `high`: digits of u. Empty `high`: none.
  std::vector<ExprId> ways(std::string low, std::string high) {
    std::vector<ExprId> out;
    if (high.empty()) return out;
    const bool zero = low == "0" && places_ == 0;
    if (zero && wanted_) out.push_back(digits_[0]);
    if (zero) low = "1";  // behind 0 there are no zeros
    for (std::string* digits : {&low, &high})
      if (digits->size() <= places_) digits->insert(0, places_ + 1 - digits->size(), '0');
    low_ = std::move(low);
    high_ = std::move(high);
    if (low_.size() > high_.size() || (low_.size() == high_.size() && low_ > high_)) return out;
    for (size_t length = low_.size(); length <= high_.size(); ++length) {
      length_ = length;
      near_.clear();
      out.push_back(from(0, 0, length == low_.size(), length == high_.size()));
    }
    return out;
  }

 private:
  // The digits from `at` on, behind which those so far leave `rest`. `low`, `high`: they are those of an end.
  ExprId from(size_t at, int64_t rest, bool low, bool high) {
    const size_t left = length_ - at;
    // Far from the ends it is all one how long the number is, but for its first digit.
    const bool far = !low && !high && at > 0;
    const Key key{far ? left : at, rest, (low ? 1 : 0) + (high ? 2 : 0)};
    auto& known = far ? far_ : near_;
    if (auto found = known.find(key); found != known.end()) return found->second;
    const RuleId rule = grammar_.add_rule("multiple", where_);
    const ExprId called = grammar_.call(rule);
    known.emplace(key, called);
    std::vector<ExprId> ways;
    if (left <= places_ && may_end(left, rest, at, low)) ways.push_back(end_);
    if (left > 0) {
      const ExprId digits = digit(at, rest, low, high);
      ways.push_back(left == places_ ? grammar_.sequence({grammar_.literal("."), digits}) : digits);
    }
    grammar_.define(rule, grammar_.choice(std::move(ways)));
    return called;
  }

  ExprId digit(size_t at, int64_t rest, bool low, bool high) {
    // Whole numbers do not begin with 0, unless that is all of them.
    const bool leading = at == 0 && length_ > places_ + 1;
    const char first = std::max(low ? low_[at] : '0', leading ? '1' : '0'), last = high ? high_[at] : '9';
    std::vector<ExprId> ways;
    for (char one = first; one <= last; ++one) {
      const ExprId after =
          from(at + 1, (10 * rest + (one - '0')) % step_.factor, low && one == low_[at], high && one == high_[at]);
      ways.push_back(grammar_.sequence({digits_[static_cast<size_t>(one - '0')], after}));
    }
    return grammar_.choice(std::move(ways));
  }

  // Whether nothing but zeros is left to say.
  bool may_end(size_t left, int64_t rest, size_t at, bool low) const {
    if (low && low_.find_first_not_of('0', at) != std::string::npos) return false;
    for (size_t i = 0; i < left; ++i) rest = 10 * rest % step_.factor;
    return (rest == 0) == wanted_;
  }

  struct Key {
    size_t place;
    int64_t rest;
    int ends;
    auto operator<=>(const Key&) const = default;
  };

  Grammar& grammar_;
  const Step step_;
  const bool wanted_;
  const std::string where_;
  size_t places_ = 0;
  ExprId end_ = -1;
  std::vector<ExprId> digits_;
  std::string low_, high_;
  size_t length_ = 0;
  std::map<Key, ExprId> far_, near_;
};

}  // namespace

Result<ExprId> multiples(Grammar& grammar, const Multiples& numbers, const std::string& where) {
  std::optional<Step> step = parts_of_step(numbers.step);
  const bool few = step && std::abs(step->exponent) <= static_cast<int>(kMostPlaces);
  if (few && numbers.whole) step = whole_step(*step);
  if (!few || step->factor > kMostRemainders)
    return unsupported(
        "'multipleOf' of more than " + std::to_string(kMostRemainders) + ", zeros at its end aside, cannot be kept to",
        where, "leave it out, and check the answer for it");
  if (!numbers.wanted && step->exponent != 0) {
    // Which of its digits are those behind the zeros would have to be known: the whole of it is counted then.
    for (; step->exponent > 0 && step->factor <= kMostRemainders; --step->exponent) step->factor *= 10;
    if (step->exponent != 0 || step->factor > kMostRemainders)
      return unsupported("'not' of this 'multipleOf' cannot be kept to", where, "say which numbers may come");
  }
  MultiplesWriter writer(grammar, *step, numbers.wanted, where);
  const std::string nines(static_cast<size_t>(JsonRules::kMaxDigits), '9');
  auto ways_of = [&](const std::optional<Bound>& low, const std::optional<Bound>& high) {
    const std::string first = low ? scaled(*low, step->exponent, true) : "0";
    const Bound most{
        .value = {.whole = low && low->value.whole.size() >= nines.size() ? low->value.whole + "9" : nines}};
    return writer.ways(first, scaled(high ? *high : most, step->exponent, false));
  };
  std::vector<ExprId> ways;
  const bool above =
      !numbers.high || !(numbers.high->value.negative || (numbers.high->excluded && numbers.high->value.is_zero()));
  if (above) ways = ways_of(numbers.low && !numbers.low->value.negative ? numbers.low : std::nullopt, numbers.high);
  if (!numbers.low || numbers.low->value.negative) {
    const bool from_below = numbers.high && numbers.high->value.negative;
    const Bound zero{.value = {}, .excluded = true};
    for (ExprId way : ways_of(from_below ? numbers.high : zero, numbers.low))
      ways.push_back(grammar.sequence({grammar.literal("-"), way}));
  }
  if (ways.empty())
    return invalid_data("no number is of this 'multipleOf' and within the bounds", where, "correct one of them");
  return grammar.choice(std::move(ways));
}

}  // namespace malmoi::grammar
