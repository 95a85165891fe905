// Methods of texts, lists, tuples, dicts and numbers: `value.name(arguments)`.
#pragma once

#include <span>
#include <string_view>

#include "base/error.h"
#include "chat/jinja/arguments.h"
#include "chat/jinja/run.h"
#include "chat/jinja/value.h"

namespace malmoi::chat::jinja {

using MethodFunction = Result<Value> (*)(Run& run, const Value& self, const Args& args);

/// Of which values a method is one.
enum class Receiver : uint8_t { kText, kList, kTuple, kDict, kInt, kFloat, kRange };

struct MethodEntry {
  Receiver receiver;
  std::string_view name;
  MethodFunction function;  // null: there in Python, and not open to templates, for it changes its value
};

/// All methods (method_table.cc).
std::span<const MethodEntry> method_table();
/// Null where the value has none of this name.
const MethodEntry* find_method(const Value& value, std::string_view name);
/// The method of one value, to be called.
Value bound_method(const Value& self, const MethodEntry& method);

}  // namespace malmoi::chat::jinja
