// Whether a model fits into memory, said before its weights are read.
#pragma once

#include <cstdint>

#include "app/use/load_choice.h"
#include "base/error.h"
#include "base/file.h"

namespace malmoi::app {

/// Bytes that the weights of a folder or a GGUF file take once they are loaded. Errors: a config that cannot be read.
Result<uint64_t> weight_bytes(const Path& path, const LoadChoice& choice);

/// Errors: more than `free_bytes`; the remedy names what would fit.
Status check_fits(const Path& path, const LoadChoice& choice, uint64_t free_bytes);

}  // namespace malmoi::app
