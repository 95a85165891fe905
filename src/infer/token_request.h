// What is asked of a scheduler, and what it tells, in ids.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/job.h"
#include "chat/generation.h"
#include "infer/answer_rules.h"
#include "infer/sampling.h"

namespace malmoi::grammar {
class CompiledGrammar;
}

namespace malmoi::infer {

/// What to generate.
struct TokenRequest {
  std::vector<int32_t> prompt;  // at least one token; of an encoder-decoder, what its encoder reads
  int64_t max_tokens = 256;
  SamplingOptions sampling;
  AnswerRules rules;  // before sampling
  /// What the text of an answer must be. It ends where nothing can follow; where it may end, stop_ids may end it. Null:
  /// anything.
  std::shared_ptr<const grammar::CompiledGrammar> grammar;
  std::vector<int32_t> begin;     // what the decoder of an encoder-decoder begins with; empty: decoder_start_token_id
  std::vector<int32_t> stop_ids;  // tokens that end the answer and are not part of it (end of text)
  int64_t top_probabilities = 0;  // alternatives to report with each token
  bool prompt_probabilities = false;  // the prompt's tokens are told with theirs before the answers
  int32_t adapter = 0;                // of the model's adapters, where it has any; -1: none
  uint64_t client = 0;                // prompts of one client are read in its turns; 0: one of its own
  StopToken cancel;                   // once requested, the request ends, waiting or running
  int64_t answers = 1;                // drawn apart after the prompt was read once: answer i with seed + i
  double came = 0;                    // monotonic seconds, from which its wait is counted; 0: when a scheduler gets it
};

using chat::FinishReason;

/// One generated token of one answer.
struct Token {
  int64_t answer = 0;                         // of TokenRequest::answers
  bool prompt = false;                        // a token of the prompt, told once for all answers
  int32_t id = -1;                            // -1: no token, an end alone
  double logprob = 0;                         // before sampling options; NaN: none, of a prompt's first token
  double chance = 0;                          // after them; NaN: it was given
  std::vector<Candidate> top;                 // the most probable before them
  FinishReason finish = FinishReason::kNone;  // set on an answer's last event
  std::string error;                          // with kError
  int64_t cached = 0;                         // tokens of the prompt that had been read for another request
  double waited = 0;                          // seconds from the request to the reading of its prompt
};

/// Called in order; returns false to end the answer without another event. Must not block for long.
using TokenHandler = std::function<bool(const Token& token)>;

}  // namespace malmoi::infer
