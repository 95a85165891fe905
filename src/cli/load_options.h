// How a model is brought into memory: the options that `malmoi generate`, `chat` and `serve` share.
#pragma once

#include <CLI/CLI.hpp>

#include "app/use/load_choice.h"

namespace malmoi::cli {

/// `--dtype f32|bf16`, `--quantize-at-load TYPE`. What stands around the model is not the same everywhere (add_adapter_option).
void add_load_options(CLI::App& command, app::LoadChoice& load);

}  // namespace malmoi::cli
