// A vocabulary with more tokens: given ones, or those that BPE would learn next from a corpus; and which old tokens each was before.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/job.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/train.h"

namespace malmoi::reshape {

struct ExtendedVocabulary {
  std::string tokenizer;                      // the tokenizer.json
  std::vector<std::string> tokens;            // the new ones, whose ids follow the largest
  std::vector<std::vector<int32_t>> origins;  // of each the old ids that its text was
};

/// Tokens that are found whole in any text, before it is cut into words. Errors: what with_added_tokens refuses; one that the old
/// vocabulary has no token for.
Result<ExtendedVocabulary> extend_by_tokens(const tokenizer::Tokenizer& tokenizer, std::span<const std::string> tokens);

/// The `count` most frequent merges of neighbours within the words of a corpus, one after the other, as training goes on: behind the merges
/// that are there, so a text is cut as before and then merged further. Pairs that stand less often than twice are not merged, so there may
/// be fewer. Errors: a model that is not BPE, or marks the parts of words; no pair at all.
Result<ExtendedVocabulary> extend_by_texts(const tokenizer::Tokenizer& tokenizer, const tokenizer::TextSource& texts,
                                           int64_t count, const Job& job);

}  // namespace malmoi::reshape
