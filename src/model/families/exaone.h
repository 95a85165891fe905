// What EXAONE 4 and its mixture of experts share.
#pragma once

#include "model/families/llama.h"

namespace malmoi::model {

/// Which layers look at a window, by `layer_types` or `sliding_window_pattern`. Where any can, the others have no positions.
void read_exaone_layers(ConfigFields& fields, LlamaConfig& config);
/// The same fields as a GGUF file of this architecture says them, and back.
void derive_exaone_layers(Json& config, const formats::Gguf& file, std::string_view architecture);
void simplify_exaone_layers(Json& config);
void describe_exaone_layers(const Json& config, formats::GgufMetadata& metadata, std::string_view architecture);

}  // namespace malmoi::model
