// The options of guessing ahead that `malmoi generate`, `chat` and `serve` share.
#pragma once

#include <CLI/CLI.hpp>

#include "app/use/drafting.h"

namespace malmoi::cli {

/// `--draft-model MODEL`, `--prompt-lookup`.
void add_draft_options(CLI::App& command, app::DraftOptions& draft);

}  // namespace malmoi::cli
