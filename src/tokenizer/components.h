// The components of a tokenizer.json, from JSON that is already parsed.
#pragma once

#include <memory>

#include "tokenizer/decoder.h"
#include "tokenizer/json_read.h"
#include "tokenizer/model.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/post_processor.h"
#include "tokenizer/pre_tokenizer.h"

namespace malmoi::tokenizer {

Result<std::unique_ptr<Normalizer>> normalizer_from_node(const JsonNode& node);
Result<std::unique_ptr<PreTokenizer>> pre_tokenizer_from_node(const JsonNode& node);
Result<std::unique_ptr<Model>> model_from_node(const JsonNode& node);
Result<std::unique_ptr<PostProcessor>> post_processor_from_node(const JsonNode& node);
Result<std::unique_ptr<Decoder>> decoder_from_node(const JsonNode& node);

}  // namespace malmoi::tokenizer
