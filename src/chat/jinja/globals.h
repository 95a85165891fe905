// Functions that every template may call.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/error.h"
#include "chat/jinja/run.h"

namespace malmoi::chat::jinja {

struct GlobalEntry {
  std::string_view name;
  Result<Value> (*function)(Run& run, const Args& args);
};

/// range, dict, namespace, cycler, joiner, raise_exception, strftime_now.
std::span<const GlobalEntry> global_table();
/// One of them as a value; nothing where there is none of this name.
std::optional<Value> global_function(std::string_view name);

}  // namespace malmoi::chat::jinja
