// Biases of tokens as a command line spells them.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "chat/sampling.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::app {

/// Adds `ID=VALUE` or `TEXT=VALUE` (a token as the vocabulary spells it, or a text that is one token; digits alone are an id)
/// to the biases of `sampling`. `tokenizer` may be null: ids alone. Errors: what is no such pair, a text of several tokens.
Status add_token_biases(const tokenizer::Tokenizer* tokenizer, const std::vector<std::string>& pairs,
                        chat::SamplingOptions& sampling);

}  // namespace malmoi::app
