// Options of `malmoi serve` about who may come in, and what is written down of it.
#pragma once

#include "app/serve/serve.h"
#include "cli/command.h"

namespace malmoi::cli {

void add_door_options(CLI::App& command, app::ServeOptions& options);

}  // namespace malmoi::cli
