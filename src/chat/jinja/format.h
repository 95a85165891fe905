// Python's two ways to put values into texts: `'%s' % value` and `'{}'.format(value)`.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "chat/jinja/run.h"
#include "chat/jinja/value.h"

namespace malmoi::chat::jinja {

/// `format % values`, of a tuple or one value, or of a dict for `%(name)s`. Errors: too few or too many values, one of
/// another kind than its conversion wants, a width beyond the budget.
Result<Value> percent_format(Run& run, const Text& format, const Value& values);

/// A number by a conversion of either way: `e f g d x ...` with precision, sign and alternate form, without padding.
struct NumberFormat {
  char type = 'd';
  char sign = '-';  // '+', ' ' or '-'
  bool alternate = false;
  int precision = -1;    // -1: none given
  char grouping = '\0';  // ',' or '_' between digits
};
struct FormattedNumber {
  std::string sign, prefix, digits;  // padding with zeros goes between prefix and digits
};
/// Errors: a conversion that numbers have not.
Result<FormattedNumber> format_integer(Int value, const NumberFormat& format);
Result<FormattedNumber> format_float(double value, const NumberFormat& format);
/// Digits with `separator` after each three (or four, of bases that are powers of two) before the point.
std::string grouped(const std::string& digits, char separator, size_t size);

/// Precisions and widths above this are refused.
constexpr int64_t kMaxPrecision = 1000;

}  // namespace malmoi::chat::jinja
