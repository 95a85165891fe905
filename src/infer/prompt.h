// A text as a model reads it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "model/model.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::infer {

/// A model that goes on with a text reads it as a document began in training (tokenizer/document_marks.h), or, where that
/// gives no id at all, the first of `ends`, after which a document begins. An encoder reads a text whole, with all that the
/// tokenizer puts around it. Empty where there is nothing to read.
std::vector<int32_t> prompt_ids(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                                std::span<const int32_t> ends, std::string_view text, bool parse_special = true);

}  // namespace malmoi::infer
