// The published config of a GGUF file: its metadata in the words of config.json.
#pragma once

#include "base/config.h"
#include "base/error.h"
#include "formats/gguf.h"
#include "model/family.h"

namespace malmoi::model {

/// Whether the path is a file that begins as GGUF does.
bool is_gguf(const Path& path);

/// The family of a file. Errors: an architecture that no family speaks.
Result<const Family*> family_of(const formats::Gguf& file);

/// config.json as the file says it. Errors: a key of its architecture that nobody reads, or that has another kind of value.
Result<ConfigDocument> config_of(const formats::Gguf& file, const Family& family);

}  // namespace malmoi::model
