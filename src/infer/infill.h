// Gaps in texts, for models that were trained to fill them.
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "chat/generation.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::infer {

struct InfillPrompt {
  std::vector<int32_t> ids;
  std::vector<int32_t> end_ids;  // tokens that end what is filled in, beside the end of text
};

/// PREFIX before SUFFIX after MIDDLE (Bavarian et al. 2022), behind what begins a document, with the three tokens by the names
/// that published tokenizers have for them. Special tokens that are written in the texts are text. Errors: a tokenizer
/// without them.
Result<InfillPrompt> infill_prompt(const tokenizer::Tokenizer& tokenizer, const chat::Gap& gap);

}  // namespace malmoi::infer
