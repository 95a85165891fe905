// A model of ours as the contents of a GGUF file: its tensors and settings under llama.cpp's names.
#pragma once

#include <memory>

#include "model/model.h"
#include "quantize/gguf_contents.h"

namespace malmoi::quantize {

/// The tensors in the types that they were stored in, and every key of the architecture; the tokenizer's keys are not among
/// them. The model's matrices stand unpacked. Errors: a family that does not speak GGUF, or of which a file would say
/// something else than the config (the field is named; found by reading the keys back).
Result<GgufContents> contents_of(std::shared_ptr<const model::Model> model);

}  // namespace malmoi::quantize
