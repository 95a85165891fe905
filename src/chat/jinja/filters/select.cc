// Filters that apply a filter or a test to each item.
#include "chat/jinja/filters/filters.h"
#include "chat/jinja/operators.h"

namespace malmoi::chat::jinja {
namespace {

Args after(const Args& args, size_t count) {
  Args rest{.named = args.named};
  for (size_t i = count; i < args.positional.size(); ++i) rest.positional.push_back(args.positional[i]);
  return rest;
}

// Keeps the items (or those whose attribute, the first argument) of which a test, or their truth, is `wanted`.
Result<Value> chosen(Run& run, const Value& value, const Args& args, const char* name, bool by_attribute, bool wanted) {
  Values kept;
  if (!value.truthy()) return run.iterator(std::move(kept));
  const size_t at = by_attribute ? 1 : 0;
  if (args.positional.size() < at) return type_error(std::string(name) + "() wants the name of an attribute");
  const bool tests = args.positional.size() > at;
  std::string_view test;
  if (tests) {
    MALMOI_ASSIGN(test, text_argument(name, args.positional[at]));
  }
  const Args rest = after(args, at + 1);
  MALMOI_ASSIGN(Items items, run.items_of(value));
  for (const Value& item : *items) {
    Value looked_at = item;
    if (by_attribute) {
      MALMOI_ASSIGN(looked_at, run.path(item, args.positional[0]));
    }
    bool holds = looked_at.truthy();
    if (tests) {
      MALMOI_ASSIGN(holds, run.call_test(test, looked_at, rest));
    }
    run.step();
    MALMOI_TRY(run.budget().check());
    if (holds == wanted) kept.push_back(item);
  }
  return run.iterator(std::move(kept));
}

}  // namespace

Result<Value> filter_select(Run& run, const Value& value, const Args& args) {
  return chosen(run, value, args, "select", false, true);
}

Result<Value> filter_reject(Run& run, const Value& value, const Args& args) {
  return chosen(run, value, args, "reject", false, false);
}

Result<Value> filter_selectattr(Run& run, const Value& value, const Args& args) {
  return chosen(run, value, args, "selectattr", true, true);
}

Result<Value> filter_rejectattr(Run& run, const Value& value, const Args& args) {
  return chosen(run, value, args, "rejectattr", true, false);
}

Result<Value> filter_map(Run& run, const Value& value, const Args& args) {
  Values mapped;
  if (!value.truthy()) return run.iterator(std::move(mapped));
  const Value* attribute = args.positional.empty() ? args.find("attribute") : nullptr;
  std::string_view filter;
  if (attribute) {
    MALMOI_TRY(bind("map", args, {"attribute", "default"}));
  } else if (args.positional.empty()) {
    return type_error("map() wants the name of a filter, or attribute=...");
  } else {
    MALMOI_ASSIGN(filter, text_argument("map", args.positional[0]));
  }
  const Value* fallback = args.find("default");
  if (fallback && fallback->is_none()) fallback = nullptr;
  const Args rest = after(args, 1);
  MALMOI_ASSIGN(Items items, run.items_of(value));
  for (const Value& item : *items) {
    run.step();
    MALMOI_TRY(run.budget().check());
    MALMOI_ASSIGN(Value made, attribute ? run.path(item, *attribute, fallback) : run.call_filter(filter, item, rest));
    mapped.push_back(std::move(made));
  }
  return run.iterator(std::move(mapped));
}

Result<Value> filter_fallback(Run& run, const Value& value, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("default", args, {"default_value", "boolean"}));
  if (!value.is_undefined() && !(bound.truthy(1) && !value.truthy())) return value;
  return bound.given(0) ? *bound[0] : run.text("");
}

// An attribute as `.` finds it, but never an item.
Result<Value> filter_attr(Run& run, const Value& value, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("attr", args, {"name"}, 1));
  MALMOI_ASSIGN(std::string_view name, text_argument("attr", *bound[0]));
  if (value.dict() && value.dict()->find(name)) {
    // Looked up in an empty dict: the same methods, no items.
    return attribute(run, run.dict(std::make_shared<Dict>()), name);
  }
  if (value.is_undefined()) return Value::undefined(value.message());
  return attribute(run, value, name);
}

}  // namespace malmoi::chat::jinja
