// What an answer must not, or must, be made of, whoever chooses its tokens: the rules of generation_config.json.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"

namespace malmoi::infer {

/// Applied in this order to the scores of a step (logits or log-probabilities, of which each is right). What is forbidden has
/// -inf; what is forced has 0 and all else -inf.
struct AnswerRules {
  double encoder_repetition_penalty = 1;  // above 1: tokens of an encoder's text become likelier
  int64_t no_repeat_ngram_size =
      0;  // so many tokens in a row come once, the prompt's too (Paulus et al. 2017); 0: none
  int64_t encoder_no_repeat_ngram_size = 0;     // nor as they stand in an encoder's text
  std::vector<std::vector<int32_t>> bad_words;  // their last token is forbidden behind the others
  int64_t min_length = 0;                       // no end before so many tokens, with those that the answer goes on from
  int64_t min_new_tokens = 0;                   // and of the answer alone
  int32_t forced_bos_token_id = -1;             // behind a single token; -1: none
  std::vector<int32_t> forced_eos_token_ids;    // the last of the tokens that an answer may have
  std::vector<int32_t> suppress_tokens, begin_suppress_tokens;  // never, and not as the first

  bool operator==(const AnswerRules&) const = default;
  /// Errors: a value out of range, an id that the model does not write.
  Status check(int64_t vocab_size) const;
};

/// What an answer is a part of.
struct AnswerSoFar {
  std::span<const int32_t> text;  // what the model has read of its own side: a prompt or a start token, and the answer
  int64_t prompt = 0;             // how much of it is not the answer
  std::span<const int32_t> source;  // what an encoder has read; empty: there is none
  int64_t max_tokens = 0;           // of the answer
  std::span<const int32_t> ends;    // tokens that end it
};

void apply_rules(const AnswerRules& rules, const AnswerSoFar& so_far, std::span<float> scores);

/// Keskar et al. 2019: the score of every token already in the text becomes s / r if positive, s * r if not.
void penalise_repetition(double r, std::span<const int32_t> text, std::span<float> scores);

}  // namespace malmoi::infer
