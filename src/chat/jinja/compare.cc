// Comparison and membership of operators.h.
#include <algorithm>
#include <cmath>

#include "chat/jinja/arguments.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/run.h"

namespace malmoi::chat::jinja {
namespace {

// -1, 0 or 1; 2 where one of them is no number. Exact: an integer is never rounded to a double.
int order_of(const Value& left, const Value& right) {
  if (left.is_integer() && right.is_integer()) {
    Int a = left.as_int(), b = right.as_int();
    return a < b ? -1 : a > b ? 1 : 0;
  }
  if (left.is_float() && right.is_float()) {
    double a = left.as_float(), b = right.as_float();
    return std::isnan(a) || std::isnan(b) ? 2 : a < b ? -1 : a > b ? 1 : 0;
  }
  if (left.is_float()) {
    int order = order_of(right, left);
    return order == 2 ? 2 : -order;
  }
  double b = right.as_float();
  if (std::isnan(b)) return 2;
  if (b >= 0x1p126) return -1;
  if (b <= -0x1p126) return 1;
  double whole = std::floor(b);
  Int a = left.as_int(), c = static_cast<Int>(whole);
  if (a != c) return a < c ? -1 : 1;
  return b > whole ? -1 : 0;
}

bool equal_lists(const List& left, const List& right) {
  if (left.is_tuple() != right.is_tuple() || left.is_view() != right.is_view()) return false;
  if (left.kind == ListKind::kValues || right.kind == ListKind::kValues) return &left == &right;
  if (left.items.size() != right.items.size()) return false;
  if (left.is_view()) {  // sets
    Dict found;
    for (const Value& item : right.items) found.set(item, Value());
    return std::all_of(left.items.begin(), left.items.end(), [&](const Value& item) { return found.find(item); });
  }
  return std::equal(left.items.begin(), left.items.end(), right.items.begin(), equal);
}

bool equal_dicts(const Dict& left, const Dict& right) {
  if (left.entries.size() != right.entries.size()) return false;
  return std::all_of(left.entries.begin(), left.entries.end(), [&](const auto& entry) {
    const Value* other = right.find(entry.first);
    return other && equal(entry.second, *other);
  });
}

Error no_order(const Value& left, const Value& right) {
  if (left.is_undefined()) return type_error(left.message());
  if (right.is_undefined()) return type_error(right.message());
  return type_error(std::string("'") + left.type_name() + "' and '" + right.type_name() + "' have no order");
}

// -1, 0 or 1; 2 where a number is none. Items of lists need no order where they are equal.
Result<int> ordered(const Value& left, const Value& right, bool items = false) {
  if (left.is_number() && right.is_number()) return order_of(left, right);
  if (left.text() && right.text()) {
    const int order = left.text()->bytes.compare(right.text()->bytes);
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  const List *first = left.list(), *second = right.list();
  const bool sequences = first && second && !first->is_view() && !second->is_view();
  if (!sequences || first->is_tuple() != second->is_tuple()) {
    if (items && equal(left, right)) return 0;
    return no_order(left, right);
  }
  const size_t lengths[] = {first->items.size(), second->items.size()};
  for (size_t i = 0; i < std::min(lengths[0], lengths[1]); ++i) {
    MALMOI_ASSIGN(int order, ordered(first->items[i], second->items[i], true));
    if (order != 0) return order;
  }
  return lengths[0] < lengths[1] ? -1 : lengths[0] > lengths[1] ? 1 : 0;
}

}  // namespace

bool equal(const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) return order_of(left, right) == 0;
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case Value::Kind::kText: return left.text()->bytes == right.text()->bytes;
    case Value::Kind::kList: return left.list() == right.list() || equal_lists(*left.list(), *right.list());
    case Value::Kind::kDict: return left.dict() == right.dict() || equal_dicts(*left.dict(), *right.dict());
    case Value::Kind::kObject: break;
    default: return true;  // None, Undefined
  }
  const auto* first = dynamic_cast<const Range*>(left.object());
  const auto* second = dynamic_cast<const Range*>(right.object());
  return left.object() == right.object() || (first && second && *first == *second);
}

Result<bool> less(const Value& left, const Value& right) {
  MALMOI_ASSIGN(int order, ordered(left, right));
  return order == -1;
}

Result<bool> compare(Run& run, CompareOp op, const Value& left, const Value& right) {
  run.meet(left, right);
  switch (op) {
    case CompareOp::kEqual: return equal(left, right);
    case CompareOp::kNotEqual: return !equal(left, right);
    case CompareOp::kIn: return contains(run, right, left);
    case CompareOp::kNotIn: {
      MALMOI_ASSIGN(bool found, contains(run, right, left));
      return !found;
    }
    default: break;
  }
  MALMOI_ASSIGN(int order, ordered(left, right));
  if (order == 0) return op == CompareOp::kLessEqual || op == CompareOp::kGreaterEqual;
  return order == (op == CompareOp::kLess || op == CompareOp::kLessEqual ? -1 : 1);
}

Result<bool> contains(Run& run, const Value& container, const Value& item) {
  if (const Text* text = container.text()) {
    if (!item.text())
      return type_error(item.is_undefined() ? item.message()
                                            : std::string("a text contains texts, not '") + item.type_name() + "'");
    MALMOI_TRY(run.search(text->bytes, item.text()->bytes));
    return text->bytes.find(item.text()->bytes) != std::string::npos;
  }
  if (const Dict* dict = container.dict()) {
    MALMOI_TRY(run.check_key(item));
    return dict->find(item) != nullptr;
  }
  if (const auto* range = dynamic_cast<const Range*>(container.object())) {
    return range->contains(item);
  }
  if (!container.list() && !container.is_undefined() && !dynamic_cast<Iterator*>(container.object()))
    return type_error(std::string("'") + container.type_name() + "' contains nothing");
  MALMOI_ASSIGN(Items items, run.items_of(container));
  run.walk(*items);
  MALMOI_TRY(run.budget().check());
  return std::any_of(items->begin(), items->end(), [&](const Value& held) { return equal(held, item); });
}

}  // namespace malmoi::chat::jinja
