// How a model is brought into memory: the options that `malmoi generate`, `chat` and `serve` share.
#pragma once

#include <CLI/CLI.hpp>

#include "app/use/generate.h"
#include "app/use/load_choice.h"

namespace malmoi::cli {

/// `--dtype f32|bf16`, `--quantize-at-load TYPE`. What stands around the model is not the same everywhere (add_adapter_option).
void add_load_options(CLI::App& command, app::LoadChoice& load);

/// `--kv-cache-dtype model|q8_0`: what keys and values of what was read are kept as.
void add_key_type_option(CLI::App& command, nn::KeyType& keys);

}  // namespace malmoi::cli
