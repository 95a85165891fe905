// The multiples of a number as rules, digit by digit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "grammar/grammar.h"
#include "grammar/number_range.h"

namespace malmoi::grammar {

/// Which numbers. value = step * k; where `wanted` is false, all whole numbers but these.
struct Multiples {
  Decimal step;  // above 0
  bool whole = false;
  bool wanted = true;
  std::optional<Bound> low, high;
};

/// Rules of them, as numbers without exponents: with as many digits behind the point as the step has at most, and up to
/// JsonRules::kMaxDigits before it (more, where a bound has more). Errors, with `where`: kUnsupported, a step whose digits are more than
/// kMostRemainders but for zeros at its end; not `wanted` of a step that is no whole number. kInvalidData: there is none.
Result<ExprId> multiples(Grammar& grammar, const Multiples& numbers, const std::string& where);

}  // namespace malmoi::grammar
