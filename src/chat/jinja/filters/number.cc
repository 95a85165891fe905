// Filters of numbers.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "chat/jinja/filters/filters.h"
#include "chat/jinja/literals.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/print.h"

namespace malmoi::chat::jinja {
namespace {

Error no_number(const char* filter, const Value& value) {
  if (value.is_undefined()) return type_error(value.message());
  return type_error(std::string(filter) + "() wants a number, not '" + value.type_name() + "'");
}

// Python's int(float); nothing where it has none.
std::optional<Int> truncated(double value) {
  if (!std::isfinite(value) || std::abs(value) >= 0x1p126) return {};
  return static_cast<Int>(value);
}

// round(value, digits): decimal digits are cut where the exact value says, halves to the even neighbour.
double rounded(double value, int64_t digits) {
  if (!std::isfinite(value) || digits > 323) return value;
  if (digits < -308) return std::copysign(0.0, value);
  if (digits >= 0) {
    char buffer[1024];
    int length = std::snprintf(buffer, sizeof buffer, "%.*f", static_cast<int>(digits), value);
    return length > 0 && static_cast<size_t>(length) < sizeof buffer ? std::strtod(buffer, nullptr) : value;
  }
  double scale = std::pow(10.0, static_cast<double>(-digits));
  return std::nearbyint(value / scale) * scale;
}

Int rounded(Int value, int64_t digits) {
  if (digits >= 0) return value;
  if (digits < -37) return 0;
  Int scale = 1;
  for (int64_t i = 0; i < -digits; ++i) scale *= 10;
  Int rest = ((value % scale) + scale) % scale, below = value - rest;
  bool up = rest * 2 > scale || (rest * 2 == scale && (below / scale) % 2 != 0);
  return up ? below + scale : below;
}

}  // namespace

Result<Value> filter_abs(Run&, const Value& value, const Args& args) {
  MALMOI_TRY(check_count("abs", args, 0, 0));
  if (value.is_float()) return std::abs(value.as_float());
  if (!value.is_integer()) return no_number("abs", value);
  return value.as_int() < 0 ? negate(value) : Result<Value>(Value(value.as_int()));
}

Result<Value> filter_to_int(Run&, const Value& value, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("int", args, {"default", "base"}));
  Value fallback = bound.given(0) ? *bound[0] : Value(0);
  int64_t base = 10;
  if (bound.given(1)) {
    MALMOI_ASSIGN(base, index_argument("int", *bound[1]));
  }
  if (value.is_integer()) return value.as_int();
  if (value.is_undefined()) return type_error(value.message());
  std::optional<double> number;
  if (value.is_float()) number = value.as_float();
  if (const Text* text = value.text()) {
    if (std::optional<Int> whole = parse_int(text->bytes, static_cast<int>(std::clamp<int64_t>(base, -1, 99))))
      return *whole;
    number = parse_float(text->bytes);
  }
  if (!number) return fallback;
  std::optional<Int> whole = truncated(*number);
  if (whole) return *whole;
  if (std::isfinite(*number)) return unsupported("an integer has more than 128 bits", "", "use smaller numbers");
  // Python: int(float('inf')) is caught where a text said so, or where the first attempt was one.
  return fallback;
}

Result<Value> filter_to_float(Run&, const Value& value, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("float", args, {"default"}));
  if (value.is_number()) return value.as_float();
  if (value.is_undefined()) return type_error(value.message());
  std::optional<double> number;
  if (const Text* text = value.text()) number = parse_float(text->bytes);
  if (number) return *number;
  return bound.given(0) ? *bound[0] : Value(0.0);
}

Result<Value> filter_round(Run&, const Value& value, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("round", args, {"precision", "method"}));
  int64_t digits = 0;
  std::string_view method = "common";
  if (bound.given(0)) {
    MALMOI_ASSIGN(digits, index_argument("round", *bound[0]));
  }
  if (bound.given(1)) {
    MALMOI_ASSIGN(method, text_argument("round", *bound[1]));
  }
  if (method != "common" && method != "ceil" && method != "floor")
    return type_error("round() knows the methods common, ceil and floor");
  if (!value.is_number()) return no_number("round", value);
  if (method == "common") {
    if (value.is_integer()) return Value(rounded(value.as_int(), digits));
    return rounded(value.as_float(), digits);
  }
  double scale = std::pow(10.0, static_cast<double>(digits)), scaled = value.as_float() * scale;
  if (!std::isfinite(scaled) || scale == 0) return type_error("round() cannot round this number so");
  return (method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale;
}

Result<Value> filter_sum(Run& run, const Value& value, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("sum", args, {"attribute", "start"}));
  Value total = bound.given(1) ? *bound[1] : Value(0);
  if (total.text()) return type_error("sum() does not join texts; use join");
  MALMOI_ASSIGN(Items items, run.items_of(value));
  for (const Value& item : *items) {
    Value part = item;
    if (bound.has(0)) {
      MALMOI_ASSIGN(part, run.path(item, *bound[0]));
    }
    run.step();
    MALMOI_TRY(run.budget().check());
    MALMOI_ASSIGN(total, binary(run, BinaryOp::kAdd, total, part));
  }
  return total;
}

Result<Value> filter_filesizeformat(Run& run, const Value& value, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("filesizeformat", args, {"binary"}));
  std::optional<double> number;
  if (value.is_number()) number = value.as_float();
  if (value.text()) number = parse_float(value.text()->bytes);
  if (!number) return no_number("filesizeformat", value);
  const bool binary_units = bound.truthy(0);
  const double base = binary_units ? 1024 : 1000;
  if (*number == 1) return run.text("1 Byte");
  if (*number < base) {
    std::optional<Int> whole = truncated(*number);
    if (!whole) return no_number("filesizeformat", value);
    return run.text(print_int(*whole) + " Bytes");
  }
  constexpr std::string_view kPrefixes = "kMGTPEZY";
  double unit = base;
  size_t prefix = 0;
  for (; prefix < kPrefixes.size(); ++prefix) {
    unit *= base;
    if (*number < unit || prefix + 1 == kPrefixes.size()) break;
  }
  char buffer[400];
  std::snprintf(buffer, sizeof buffer, "%.1f ", base * *number / unit);
  std::string name(1, kPrefixes[prefix]);
  if (binary_units) name = (name == "k" ? "K" : name) + "i";
  return run.text(buffer + name + "B");
}

}  // namespace malmoi::chat::jinja
