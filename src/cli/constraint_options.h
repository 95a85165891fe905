// The options of constrained answers that `malmoi generate` and `malmoi chat` share.
#pragma once

#include <CLI/CLI.hpp>

#include "app/use/constraint_options.h"

namespace malmoi::cli {

/// `--json-object`, `--json-schema FILE`, `--regex R`, `--grammar FILE`.
void add_constraint_options(CLI::App& command, app::ConstraintOptions& options);

}  // namespace malmoi::cli
