// What answers must be (chat/constraint.h), as a command line says it.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "chat/constraint.h"

namespace malmoi::app {

struct ConstraintOptions {
  bool json_object = false;
  std::optional<Path> json_schema, grammar;  // files
  std::optional<std::string> regex;
};

/// None where nothing is asked for. Errors: two rules, a file that cannot be read.
Result<std::optional<chat::Constraint>> read_constraint(const ConstraintOptions& options);

}  // namespace malmoi::app
