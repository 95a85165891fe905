// The most probable next words (not tokens) after a text, with their probabilities.
#pragma once

#include <string>
#include <vector>

#include "infer/session.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::infer {

struct NextWord {
  std::string word;
  double probability = 0;  // that the text goes on with exactly this word
};

/// Best-first search over tokens: a word is a run of tokens after which the model starts another word (white space,
/// punctuation or the end). Its probability is that of its tokens times that of a boundary after them, summed over the
/// ways to spell it that were found. At most `budget` forward passes. Errors: as of Session.
Result<std::vector<NextWord>> next_words(Session& session, const tokenizer::Tokenizer& tokenizer,
                                         std::span<const int32_t> prompt, int64_t count, int64_t budget = 256);

}  // namespace malmoi::infer
