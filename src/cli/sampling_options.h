// The sampling options that `malmoi generate` and `malmoi chat` share.
#pragma once

#include <CLI/CLI.hpp>

#include "app/use/generation_defaults.h"

namespace malmoi::cli {

/// `--max-tokens`, `--stop`, `--ignore-eos`, and the numbers of chat::sampling_fields(), `--seed`, `--logit-bias` ... as a group. Ranges are checked by SamplingOptions::check().
void add_sampling_options(CLI::App& command, app::GenerateOptions& options);

/// Tells which options were given; those that the command does not have were not. `command` must outlive it.
app::Given given_in(const CLI::App& command);

}  // namespace malmoi::cli
