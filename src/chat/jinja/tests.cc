#include "chat/jinja/tests.h"

#include <algorithm>

#include "chat/jinja/filters/filters.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/unicode.h"

namespace malmoi::chat::jinja {
namespace {

using Kind = Value::Kind;

// Tests of a value alone.
template <bool (*Holds)(const Value&)>
Result<bool> simple(Run&, const Value& value, const Args& args) {
  MALMOI_TRY(check_count("a test", args, 0, 0));
  return Holds(value);
}

bool defined(const Value& v) { return !v.is_undefined(); }
bool undefined(const Value& v) { return v.is_undefined(); }
bool none(const Value& v) { return v.is_none(); }
bool boolean(const Value& v) { return v.is_bool(); }
bool is_true(const Value& v) { return v.is_bool() && v.as_bool(); }
bool is_false(const Value& v) { return v.is_bool() && !v.as_bool(); }
bool integer(const Value& v) { return v.kind() == Kind::kInt; }
bool floating(const Value& v) { return v.is_float(); }
bool number(const Value& v) { return v.is_number(); }
bool string(const Value& v) { return v.text() != nullptr; }
bool mapping(const Value& v) { return v.dict() != nullptr; }
bool escaped_text(const Value& v) { return v.text() && v.text()->markup; }
bool callable(const Value& v) { return v.is_undefined() || (v.object() && v.object()->callable()); }
bool is_range(const Value& v) { return dynamic_cast<Range*>(v.object()) != nullptr; }
bool iterable(const Value& v) {
  return v.is_undefined() || v.text() || v.list() || v.dict() || is_range(v) || dynamic_cast<Iterator*>(v.object());
}
bool sequence(const Value& v) {
  return v.is_undefined() || v.text() || v.dict() || is_range(v) || (v.list() && !v.list()->is_view());
}

// str(value).islower(), isupper().
template <bool (*Wanted)(char32_t)>
Result<bool> cased(Run& run, const Value& value, const Args& args) {
  MALMOI_TRY(check_count("a test", args, 0, 0));
  MALMOI_ASSIGN(std::string text, run.string_of(value));
  run.step(text.size() / 8);
  return is_of_one_case(text, Wanted);
}

Result<bool> remainder_is(Run& run, const Value& value, const Value& divisor, Int wanted) {
  MALMOI_ASSIGN(Value rest, binary(run, BinaryOp::kModulo, value, divisor));
  return equal(rest, Value(wanted));
}
Result<bool> odd(Run& run, const Value& value, const Args& args) {
  MALMOI_TRY(check_count("odd", args, 0, 0));
  return remainder_is(run, value, Value(2), 1);
}
Result<bool> even(Run& run, const Value& value, const Args& args) {
  MALMOI_TRY(check_count("even", args, 0, 0));
  return remainder_is(run, value, Value(2), 0);
}
Result<bool> divisibleby(Run& run, const Value& value, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("divisibleby", args, {"num"}, 1));
  return remainder_is(run, value, *bound[0], 0);
}

template <CompareOp Op>
Result<bool> compared(Run& run, const Value& value, const Args& args) {
  MALMOI_TRY(check_count("a comparison", args, 1, 1));
  return compare(run, Op, value, args.positional[0]);
}
Result<bool> in(Run& run, const Value& value, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("in", args, {"seq"}, 1));
  return contains(run, *bound[0], value);
}
Result<bool> sameas(Run& run, const Value& value, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("sameas", args, {"other"}, 1));
  run.meet(value, *bound[0]);
  return value.same_as(*bound[0]);
}
Result<bool> names_filter(Run&, const Value& value, const Args& args) {
  MALMOI_TRY(check_count("filter", args, 0, 0));
  return value.text() && find_filter(value.text()->bytes);
}
Result<bool> names_test(Run&, const Value& value, const Args& args) {
  MALMOI_TRY(check_count("test", args, 0, 0));
  return value.text() && find_test(value.text()->bytes);
}

constexpr TestEntry kTests[] = {
    {"defined", simple<defined>},
    {"undefined", simple<undefined>},
    {"none", simple<none>},
    {"boolean", simple<boolean>},
    {"true", simple<is_true>},
    {"false", simple<is_false>},
    {"integer", simple<integer>},
    {"float", simple<floating>},
    {"number", simple<number>},
    {"string", simple<string>},
    {"mapping", simple<mapping>},
    {"sequence", simple<sequence>},
    {"iterable", simple<iterable>},
    {"callable", simple<callable>},
    {"escaped", simple<escaped_text>},
    {"lower", cased<is_lower>},
    {"upper", cased<is_upper>},
    {"odd", odd},
    {"even", even},
    {"divisibleby", divisibleby},
    {"in", in},
    {"sameas", sameas},
    {"filter", names_filter},
    {"test", names_test},
    {"eq", compared<CompareOp::kEqual>},
    {"equalto", compared<CompareOp::kEqual>},
    {"==", compared<CompareOp::kEqual>},
    {"ne", compared<CompareOp::kNotEqual>},
    {"!=", compared<CompareOp::kNotEqual>},
    {"gt", compared<CompareOp::kGreater>},
    {"greaterthan", compared<CompareOp::kGreater>},
    {">", compared<CompareOp::kGreater>},
    {"ge", compared<CompareOp::kGreaterEqual>},
    {">=", compared<CompareOp::kGreaterEqual>},
    {"lt", compared<CompareOp::kLess>},
    {"lessthan", compared<CompareOp::kLess>},
    {"<", compared<CompareOp::kLess>},
    {"le", compared<CompareOp::kLessEqual>},
    {"<=", compared<CompareOp::kLessEqual>},
};

}  // namespace

std::span<const TestEntry> test_table() { return kTests; }

const TestEntry* find_test(std::string_view name) {
  for (const TestEntry& entry : kTests) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace malmoi::chat::jinja
