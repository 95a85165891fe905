// Arithmetic of operators.h.
#include <cmath>

#include "base/utf8.h"
#include "chat/jinja/arguments.h"
#include "chat/jinja/escape.h"
#include "chat/jinja/format.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/run.h"

namespace malmoi::chat::jinja {
namespace {

const char* symbol(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd: return "+";
    case BinaryOp::kSubtract: return "-";
    case BinaryOp::kMultiply: return "*";
    case BinaryOp::kDivide: return "/";
    case BinaryOp::kFloorDivide: return "//";
    case BinaryOp::kModulo: return "%";
    case BinaryOp::kPower: return "**";
  }
  return "?";
}

Error no_operator(BinaryOp op, const Value& left, const Value& right) {
  if (left.is_undefined()) return type_error(left.message());
  if (right.is_undefined()) return type_error(right.message());
  return type_error(std::string("'") + symbol(op) + "' does not take '" + left.type_name() + "' and '" +
                    right.type_name() + "'");
}

Error too_large() { return unsupported("an integer has more than 128 bits", "", "use smaller numbers"); }
Error by_zero() { return type_error("division by zero"); }

Result<Value> power(Int base, Int exponent) {
  if (exponent < 0) {
    if (base == 0) return by_zero();
    return std::pow(static_cast<double>(base), static_cast<double>(exponent));
  }
  Int result = 1;
  while (exponent > 0) {
    if (exponent % 2 == 1 && __builtin_mul_overflow(result, base, &result)) return too_large();
    exponent /= 2;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) return too_large();
  }
  return Value(result);
}

Result<Value> of_integers(BinaryOp op, Int left, Int right) {
  Int result = 0;
  switch (op) {
    case BinaryOp::kAdd:
      if (__builtin_add_overflow(left, right, &result)) return too_large();
      return Value(result);
    case BinaryOp::kSubtract:
      if (__builtin_sub_overflow(left, right, &result)) return too_large();
      return Value(result);
    case BinaryOp::kMultiply:
      if (__builtin_mul_overflow(left, right, &result)) return too_large();
      return Value(result);
    case BinaryOp::kPower: return power(left, right);
    case BinaryOp::kDivide:
      if (right == 0) return by_zero();
      return static_cast<double>(left) / static_cast<double>(right);
    case BinaryOp::kFloorDivide:
    case BinaryOp::kModulo: break;
  }
  if (right == 0) return by_zero();
  if (right == -1) {  // the one quotient that may not fit
    if (op == BinaryOp::kModulo) return Value(0);
    if (__builtin_sub_overflow(Int{0}, left, &result)) return too_large();
    return Value(result);
  }
  Int quotient = left / right, rest = left % right;
  if (rest != 0 && (rest < 0) != (right < 0)) {
    rest += right;
    --quotient;
  }
  return Value(op == BinaryOp::kModulo ? rest : quotient);
}

// As CPython's float_divmod: the rest has the divisor's sign.
Result<Value> float_divide(BinaryOp op, double left, double right) {
  if (right == 0) return by_zero();
  double rest = std::fmod(left, right), quotient = (left - rest) / right;
  if (rest != 0) {
    if ((right < 0) != (rest < 0)) {
      rest += right;
      quotient -= 1;
    }
  } else {
    rest = std::copysign(0.0, right);
  }
  if (op == BinaryOp::kModulo) return rest;
  if (quotient == 0) return std::copysign(0.0, left / right);
  double whole = std::floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

Result<Value> of_floats(BinaryOp op, double left, double right) {
  switch (op) {
    case BinaryOp::kAdd: return left + right;
    case BinaryOp::kSubtract: return left - right;
    case BinaryOp::kMultiply: return left * right;
    case BinaryOp::kDivide:
      if (right == 0) return by_zero();
      return left / right;
    case BinaryOp::kFloorDivide:
    case BinaryOp::kModulo: return float_divide(op, left, right);
    case BinaryOp::kPower: break;
  }
  if (left == 0 && right < 0) return by_zero();
  double result = std::pow(left, right);
  if (std::isnan(result) && !std::isnan(left) && !std::isnan(right))
    return unsupported("a power is a complex number", "", "use a base of at least 0");
  if (std::isinf(result) && std::isfinite(left) && std::isfinite(right)) return type_error("a power is out of range");
  return result;
}

Result<Value> repeat(Run& run, const Value& sequence, Int count) {
  auto times = static_cast<size_t>(count < 0 ? 0 : count > (Int{1} << 40) ? Int{1} << 40 : count);
  if (const Text* text = sequence.text()) {
    MALMOI_TRY(run.budget().room(text->bytes.size(), times));
    std::string out;
    out.reserve(text->bytes.size() * times);
    for (size_t i = 0; !text->bytes.empty() && i < times; ++i) out += text->bytes;
    return run.text(std::move(out), text->markup);
  }
  const List& list = *sequence.list();
  MALMOI_TRY(run.budget().room(list.items.size() * sizeof(Value), times));
  Values items;
  for (size_t i = 0; !list.items.empty() && i < times; ++i)
    items.insert(items.end(), list.items.begin(), list.items.end());
  return run.list(std::move(items), list.is_tuple() ? ListKind::kTuple : ListKind::kList);
}

bool repeats(const Value& value) { return value.text() || (value.list() && !value.list()->is_view()); }

Result<Value> add_texts(Run& run, const Text& left, const Text& right) {
  bool markup = left.markup || right.markup;
  std::string out = markup && !left.markup ? escaped(left.bytes) : left.bytes;
  out += markup && !right.markup ? escaped(right.bytes) : right.bytes;
  return run.text(std::move(out), markup);
}

Result<Value> add_lists(Run& run, const List& left, const List& right) {
  Values items;
  items.reserve(left.items.size() + right.items.size());
  items = left.items;
  items.insert(items.end(), right.items.begin(), right.items.end());
  return run.list(std::move(items), left.is_tuple() ? ListKind::kTuple : ListKind::kList);
}

}  // namespace

Result<Value> binary(Run& run, BinaryOp op, const Value& left, const Value& right) {
  if (left.is_integer() && right.is_integer()) return of_integers(op, left.as_int(), right.as_int());
  if (left.is_number() && right.is_number()) return of_floats(op, left.as_float(), right.as_float());
  if (op == BinaryOp::kAdd && left.text() && right.text()) return add_texts(run, *left.text(), *right.text());
  if (op == BinaryOp::kAdd && left.list() && right.list()) {
    const List &first = *left.list(), &second = *right.list();
    if (!first.is_view() && !second.is_view() && first.is_tuple() == second.is_tuple())
      return add_lists(run, first, second);
  }
  if (op == BinaryOp::kMultiply && repeats(left) && right.is_integer()) return repeat(run, left, right.as_int());
  if (op == BinaryOp::kMultiply && left.is_integer() && repeats(right)) return repeat(run, right, left.as_int());
  if (op == BinaryOp::kModulo && left.text()) return percent_format(run, *left.text(), right);
  return no_operator(op, left, right);
}

Result<Value> negate(const Value& value) {
  if (value.is_float()) return -value.as_float();
  if (!value.is_integer()) return no_operator(BinaryOp::kSubtract, Value(0), value);
  Int result = 0;
  if (__builtin_sub_overflow(Int{0}, value.as_int(), &result)) return too_large();
  return Value(result);
}

Result<Value> unary_plus(const Value& value) {
  if (value.is_float()) return value;
  if (!value.is_integer()) return no_operator(BinaryOp::kAdd, Value(0), value);
  return Value(value.as_int());
}

}  // namespace malmoi::chat::jinja
