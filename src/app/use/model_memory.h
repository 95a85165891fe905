// Whether a model fits into memory, said before its weights are read.
#pragma once

#include <cstdint>
#include <vector>

#include "app/use/load_choice.h"
#include "base/error.h"
#include "base/file.h"

namespace malmoi::app {

/// A GGUF file, and of the first of several that make one model all of them (formats/gguf.h), there or not.
std::vector<Path> gguf_files(const Path& path);

/// Bytes that the weights of a folder or a GGUF file take once they are loaded. Errors: a config that cannot be read.
Result<uint64_t> weight_bytes(const Path& path, const LoadChoice& choice);

/// Errors: more than `free_bytes`; the remedy names what would fit.
Status check_fits(const Path& path, const LoadChoice& choice, uint64_t free_bytes);

}  // namespace malmoi::app
