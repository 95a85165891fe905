// Python's operators over values: arithmetic, comparison, membership, subscripts, slices.
#pragma once

#include <string_view>

#include "base/error.h"
#include "chat/jinja/value.h"

namespace malmoi::chat::jinja {

enum class BinaryOp : uint8_t { kAdd, kSubtract, kMultiply, kDivide, kFloorDivide, kModulo, kPower };
enum class CompareOp : uint8_t { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kIn, kNotIn };

/// Errors: operands that the operator does not take, division by zero, an integer beyond 128 bits.
Result<Value> binary(Run& run, BinaryOp op, const Value& left, const Value& right);
/// + and - before a number.
Result<Value> negate(const Value& value);
Result<Value> unary_plus(const Value& value);

/// Python's ==, which knows no error.
bool equal(const Value& left, const Value& right);
/// Python's <. Errors: values that have no order.
Result<bool> less(const Value& left, const Value& right);
Result<bool> compare(Run& run, CompareOp op, const Value& left, const Value& right);
/// Python's `item in container`.
Result<bool> contains(Run& run, const Value& container, const Value& item);

/// `value[key]`: an item first, then an attribute. Undefined where there is neither. Errors: of an undefined value.
Result<Value> subscript(Run& run, const Value& value, const Value& key);
/// `value.name`: an attribute or a method first, then an item.
Result<Value> attribute(Run& run, const Value& value, std::string_view name);
/// `value[first:last:step]`; None stands for what is left out.
Result<Value> slice(Run& run, const Value& value, const Value& first, const Value& last, const Value& step);
/// Where a slice of `length` items begins, how many it takes and by what step, as Python's slice.indices().
struct SliceRange {
  int64_t first = 0, count = 0, step = 1;
};
Result<SliceRange> slice_range(int64_t length, const Value& first, const Value& last, const Value& step);

/// Python's len(). Errors: values that have none.
Result<int64_t> length_of(const Value& value);

}  // namespace malmoi::chat::jinja
