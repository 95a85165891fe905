// Regular expressions of the numbers in a range, digit by digit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/json.h"

namespace malmoi::grammar {

/// A number as it is written: value = (negative ? -1 : 1) * whole.fraction
struct Decimal {
  bool negative = false;
  std::string whole = "0";  // without leading zeros
  std::string fraction;     // without trailing zeros

  bool is_zero() const { return whole == "0" && fraction.empty(); }
  bool operator==(const Decimal&) const = default;
};

/// < 0, 0, > 0 as the values are.
int compare(const Decimal& a, const Decimal& b);

/// Errors: no number, or one with more than kMaxDecimalDigits digits before or behind the point, where it stands.
Result<Decimal> to_decimal(const Json& number, const std::string& where);

/// The digits of the next whole number, and of the one before, which requires a positive one.
std::string next_whole(std::string digits);
std::string previous_whole(std::string digits);

/// One end of a range; `excluded`: the number itself does not belong to it.
struct Bound {
  Decimal value;
  bool excluded = false;
};

/// The whole numbers of a range, as `-?(0|[1-9][0-9]*)` that fit; an end that is open is JsonRules::kMaxDigits nines, or as many digits as
/// the other end has. Empty: there is none.
std::string integer_range(std::optional<Bound> low, std::optional<Bound> high);

/// The numbers of a range without exponents, with up to JsonRules::kMaxDigits digits behind the point (more, where a bound has more).
/// Empty: there is none.
std::string number_range(std::optional<Bound> low, std::optional<Bound> high);

}  // namespace malmoi::grammar
