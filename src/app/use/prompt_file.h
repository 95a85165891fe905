// The prompt of `malmoi generate` from a file or a pipe.
#pragma once

#include <string>

#include "base/error.h"

namespace malmoi::app {

/// The text of a file (plain or zstd; "-" is the standard input) in whatever encoding it is, without the line break at its
/// end, which files have and prompts mostly have not. Errors: not there, more than 64 MiB, no text.
Result<std::string> read_prompt(const std::string& path);

}  // namespace malmoi::app
