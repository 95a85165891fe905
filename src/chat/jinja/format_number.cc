// Numbers of format.h.
#include <cmath>
#include <cstdio>

#include "base/utf8.h"
#include "chat/jinja/format.h"
#include "chat/jinja/print.h"

namespace malmoi::chat::jinja {
namespace {

std::string sign_of(bool negative, char sign) {
  if (negative) return "-";
  return sign == '-' ? "" : std::string(1, sign);
}

}  // namespace

std::string grouped(const std::string& digits, char separator, size_t size) {
  size_t point = digits.find_first_not_of("0123456789abcdefABCDEF");
  std::string whole = digits.substr(0, point), out;
  for (size_t i = 0; i < whole.size(); ++i) {
    if (i > 0 && (whole.size() - i) % size == 0) out += separator;
    out += whole[i];
  }
  return point == digits.npos ? out : out + digits.substr(point);
}

Result<FormattedNumber> format_integer(Int value, const NumberFormat& format) {
  FormattedNumber made{.sign = sign_of(value < 0, format.sign)};
  int base = 10;
  switch (format.type) {
    case 'd': break;
    case 'b': base = 2; break;
    case 'o': base = 8; break;
    case 'x':
    case 'X': base = 16; break;
    default: return format_float(static_cast<double>(value), format);
  }
  made.digits = digits_of(value, base);
  if (format.type == 'X') {
    for (char& c : made.digits) c = c >= 'a' ? static_cast<char>(c - 32) : c;
  }
  if (format.alternate && base != 10) made.prefix = std::string("0") + format.type;
  if (format.precision > static_cast<int>(made.digits.size()))  // of `%`
    made.digits.insert(0, static_cast<size_t>(format.precision) - made.digits.size(), '0');
  if (format.grouping) made.digits = grouped(made.digits, format.grouping, base == 10 ? 3 : 4);
  return made;
}

Result<FormattedNumber> format_float(double value, const NumberFormat& format) {
  FormattedNumber made{.sign = sign_of(std::signbit(value) && !std::isnan(value), format.sign)};
  const bool percent = format.type == '%';
  char type = percent ? 'f' : format.type;
  constexpr std::string_view kTypes = "eEfFgG";
  if (kTypes.find(type) == kTypes.npos) return type_error(std::string("a number has no form '") + format.type + "'");
  double shown = std::abs(percent ? value * 100 : value);
  if (!std::isfinite(shown)) {
    made.digits = std::isnan(shown) ? "nan" : "inf";
    if (type == 'E' || type == 'F' || type == 'G') made.digits = std::isnan(shown) ? "NAN" : "INF";
  } else {
    const char pattern[] = {'%',
                            format.alternate ? '#' : '.',
                            format.alternate ? '.' : '*',
                            format.alternate ? '*' : type,
                            format.alternate ? type : '\0',
                            '\0'};
    int precision = format.precision < 0 ? 6 : format.precision;
    int length = std::snprintf(nullptr, 0, pattern, precision, shown);
    made.digits.resize(static_cast<size_t>(std::max(length, 0)) + 1);
    std::snprintf(made.digits.data(), made.digits.size(), pattern, precision, shown);
    made.digits.pop_back();
  }
  if (format.grouping) made.digits = grouped(made.digits, format.grouping, 3);
  if (percent) made.digits += '%';
  return made;
}

}  // namespace malmoi::chat::jinja
