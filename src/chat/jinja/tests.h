// Tests: `value is name(arguments)`.
#pragma once

#include <span>
#include <string_view>

#include "base/error.h"
#include "chat/jinja/arguments.h"
#include "chat/jinja/run.h"
#include "chat/jinja/value.h"

namespace malmoi::chat::jinja {

using TestFunction = Result<bool> (*)(Run& run, const Value& value, const Args& args);

struct TestEntry {
  std::string_view name;
  TestFunction function;
};

/// All tests of Jinja, by name.
std::span<const TestEntry> test_table();
/// Null where there is none of this name.
const TestEntry* find_test(std::string_view name);

}  // namespace malmoi::chat::jinja
