// Beam search: the texts that a model gives the most probability, as far as keeping the best few of each length finds them.
#pragma once

#include <string>
#include <vector>

#include "base/job.h"
#include "chat/generation.h"
#include "infer/answer_rules.h"
#include "infer/session.h"

namespace malmoi::infer {

/// When to stop once `beams` answers are finished.
enum class EarlyStopping {
  kNo,     // when the best that runs, scored as if it ended now, is not better than the worst finished one
  kYes,    // at once
  kNever,  // when it could not become better at any length: with a positive length penalty, at the longest
};
/// `false`, `true` or `never`.
Result<EarlyStopping> parse_early_stopping(const std::string& text);

struct BeamOptions {
  int64_t beams = 4;
  int64_t answers = 1;       // of the beams, the best first
  int64_t max_tokens = 256;  // of an answer
  double length_penalty =
      1;  // an answer of n tokens scores (sum of log p) / n^length_penalty (Wu et al. 2016, without its offset)
  EarlyStopping early_stopping = EarlyStopping::kNo;
  double repetition_penalty = 1;  // see penalise_repetition(), of log-probabilities
  bool renormalise = false;       // log-probabilities sum to one again after what the penalty and the rules took away
  AnswerRules rules;
  std::vector<int32_t> stop_ids;  // tokens that end an answer
};

struct BeamAnswer {
  std::vector<int32_t> ids;  // with the token that ended it
  double score = 0;
  chat::FinishReason finish = chat::FinishReason::kLength;
};

/// The best answers to a prompt: what an encoder reads, or what a decoder goes on with. `begin`: what the decoder of an
/// encoder-decoder begins with; empty: the model's decoder_start_token_id. Beams share the pages of what they have in common.
/// A requested stop gives what runs, unfinished. Errors: as Scheduler::check, and a pool without room for all beams.
Result<std::vector<BeamAnswer>> beam_search(Session& session, std::span<const int32_t> prompt,
                                            std::span<const int32_t> begin, const BeamOptions& options,
                                            const StopToken& stop = {});

}  // namespace malmoi::infer
