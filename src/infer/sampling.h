// Choosing the next token from logits.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/rng.h"
#include "chat/sampling.h"
#include "infer/samplers/step.h"

namespace malmoi::infer {

/// A token with the model's own probability (before any of the above), and the chance it had in a draw (after them all).
struct Candidate {
  int32_t id = 0;
  double logprob = 0;
  double chance = 0;
};

/// Draws tokens of one sequence by the steps that its options ask for (samplers/table.inc). Deterministic: the n-th draw is
/// a function of (seed, n, logits, text), one uniform number each, whatever the options. A copy goes on by itself from the
/// same state. For one thread.
class Sampler {
 public:
  Sampler(const SamplingOptions& options, int64_t vocab_size);
  /// Counts a token as part of the text, for the penalties; an id outside the vocabulary is none.
  void observe(int32_t id, bool generated = false);
  /// The next token, with its logprob before any option and its chance after them.
  Candidate next(std::span<const float> logits) { return next(logits, logits); }
  /// The same where rules have forbidden some: `original` are the logits before them, of which logprobs are.
  Candidate next(std::span<const float> logits, std::span<const float> original);
  /// The chance that a token had in the last next(): 0 where the options left it out.
  double chance(int32_t id) const { return candidates_.chance(id); }

 private:
  int64_t vocab_size_;
  Rng rng_;
  std::vector<StepValue> steps_;
  Candidates candidates_;  // of the last draw
};

/// log sum exp of logits, in double.
double log_sum_exp(std::span<const float> logits);
/// The k most probable tokens, most probable first, lowest id first on ties.
std::vector<Candidate> top_candidates(std::span<const float> logits, int64_t k);

}  // namespace malmoi::infer
