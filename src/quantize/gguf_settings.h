// The settings of a model of ours as the keys of a GGUF file.
#pragma once

#include "base/error.h"
#include "model/gguf_dialect.h"
#include "model/model.h"
#include "quantize/gguf_contents.h"

namespace malmoi::quantize {

/// How a family is spelled in GGUF; null where it is not.
const model::GgufDialect* dialect_of(std::string_view model_type);

/// What a GGUF file cannot say: `what`, and where to keep it.
Error not_in_gguf(const std::string& what);

/// The config in the fields that a file would give it.
Json simplified(const model::Model& model, const model::GgufDialect& dialect);

/// Adds every key of the architecture for a simplified config, and the tensors that hold settings (what rotary frequencies are divided by). Errors: a
/// rotary scaling that has no form there.
Status add_settings(const Json& config, const model::GgufDialect& dialect, GgufContents& contents);

/// Reads the keys back. Errors: the first field of the config that a reader would take for another, by name.
Status check_settings(const model::Model& model, const Json& config, const GgufContents& contents);

}  // namespace malmoi::quantize
