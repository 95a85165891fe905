// What a masked language model puts into the gaps of a text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chat/explore.h"
#include "infer/session.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::infer {

/// Whether a model fills gaps. Errors: all that have no such head.
Status check_fills(const model::Model& model);

/// A text with gaps, as the model reads it.
struct TextWithGaps {
  std::vector<int32_t> ids;
  int32_t mask_id = 0;
};
/// Errors: a model that fills none, a vocabulary without a mask; `where` is at fault where the text has no gap or more than
/// `most` tokens.
Result<TextWithGaps> read_gaps(const model::Model& model, const tokenizer::Tokenizer& tokenizer, std::string_view text,
                               const std::string& where, int64_t most);

struct FillChoice {
  int64_t top = 5;                 // words for each gap, the most probable first
  std::vector<std::string> words;  // instead of these: all of these
};

/// In one pass. Errors: a word of `words` that the tokenizer cuts in pieces.
Result<chat::FilledGaps> fill_gaps(Session& session, const tokenizer::Tokenizer& tokenizer, const TextWithGaps& text,
                                   const FillChoice& choice);

}  // namespace malmoi::infer
