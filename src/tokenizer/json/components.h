// The components of a tokenizer.json, from JSON that is already parsed.
#pragma once

#include <memory>

#include "tokenizer/pipeline/decoder.h"
#include "tokenizer/json/json_read.h"
#include "tokenizer/models/model.h"
#include "tokenizer/pipeline/normalizer.h"
#include "tokenizer/pipeline/post_processor.h"
#include "tokenizer/pipeline/pre_tokenizer.h"

namespace malmoi::tokenizer {

Result<std::unique_ptr<Normalizer>> normalizer_from_node(const JsonNode& node);
Result<std::unique_ptr<PreTokenizer>> pre_tokenizer_from_node(const JsonNode& node);
Result<std::unique_ptr<Model>> model_from_node(const JsonNode& node);
Result<std::unique_ptr<PostProcessor>> post_processor_from_node(const JsonNode& node);
Result<std::unique_ptr<Decoder>> decoder_from_node(const JsonNode& node);

}  // namespace malmoi::tokenizer
