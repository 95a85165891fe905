// Filters: `value | name(arguments)`.
#pragma once

#include <span>
#include <string_view>

#include "base/error.h"
#include "chat/jinja/arguments.h"
#include "chat/jinja/run.h"
#include "chat/jinja/value.h"

namespace malmoi::chat::jinja {

using FilterFunction = Result<Value> (*)(Run& run, const Value& value, const Args& args);

struct FilterEntry {
  std::string_view name;
  FilterFunction function;
};

/// All filters, by name (table.inc).
std::span<const FilterEntry> filter_table();
/// Null where there is none of this name.
const FilterEntry* find_filter(std::string_view name);

/// Each of them: filter_upper ...
#define X(name, function) Result<Value> filter_##function(Run& run, const Value& value, const Args& args);
#include "chat/jinja/filters/table.inc"
#undef X

/// Python's sorted(): stable, also in reverse. `keys` and `items` side by side. Errors: keys that have no order.
Status sort_by(Run& run, Values& keys, Values& items, bool reverse);
/// Texts in lower case, all else as it is.
Value without_case(Run& run, const Value& value);

}  // namespace malmoi::chat::jinja
