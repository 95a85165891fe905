// Options that the subcommands of `malmoi tokenizer` share.
#pragma once

#include <CLI/CLI.hpp>

namespace malmoi::tokenizer {
enum class Compat;
}

namespace malmoi::cli {

/// `--compat original|llama.cpp`: whose rules a GGUF tokenizer follows.
void add_compat_option(CLI::App& command, tokenizer::Compat& compat);

}  // namespace malmoi::cli
