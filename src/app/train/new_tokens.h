// Tokens that an adapter adds to its base (adapter.new_tokens): the tokenizer with them, and the rows that the model has for them.
#pragma once

#include <memory>

#include "base/error.h"
#include "model/model.h"
#include "tokenizer/tokenizer.h"
#include "train/config.h"

namespace malmoi::app {

/// The tokenizer with adapter.new_tokens; itself where there are none. Errors: a token that is there already, empty or not UTF-8, or one that the
/// vocabulary has no pieces for; a tokenizer that tokenizer.json cannot hold.
Result<tokenizer::Tokenizer> with_new_tokens(const train::TrainConfig& config, tokenizer::Tokenizer tokenizer);

/// The rows that `model`, which is as its base, will have for the new tokens of a configuration, or of the adapter that it goes on from.
/// Rows that the model has beyond its tokenizer are used first. Errors: as with_new_tokens and model::adapter_vocabulary; no tokenizer.
Result<model::Vocabulary> vocabulary_of(const train::TrainConfig& config, const model::Model& model);

}  // namespace malmoi::app
