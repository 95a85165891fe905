// The sampling options that `malmoi generate` and `malmoi chat` share.
#pragma once

#include <CLI/CLI.hpp>

#include "app/use/generate.h"

namespace malmoi::cli {

/// `--max-tokens`, `--temperature` ... `--seed`, `--stop`, `--ignore-eos`. Ranges are checked by SamplingOptions::check().
void add_sampling_options(CLI::App& command, app::GenerateOptions& options);

}  // namespace malmoi::cli
