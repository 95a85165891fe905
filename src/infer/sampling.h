// Choosing the next token from logits.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/config.h"
#include "base/rng.h"

namespace malmoi::infer {

/// Applied in this order to the logits l of a step: repetition penalty r (Keskar et al. 2019: l of every token already
/// in the text becomes l / r if positive, l * r if not), logit bias (added), temperature t (l / t; 0: the largest, the
/// lowest id on ties), top-k (the k largest), top-p (Holtzman et al. 2020: the fewest whose probabilities reach p), min-p
/// (those of at least min_p times the largest probability). Then one is drawn.
struct SamplingOptions {
  double temperature = 1.0;
  int64_t top_k = 0;  // 0: all
  double top_p = 1.0;
  double min_p = 0.0;
  double repetition_penalty = 1.0;
  uint64_t seed = 0;
  std::vector<std::pair<int32_t, float>> logit_bias;

  /// Whether every value is in its range; names the one that is not.
  Status check() const;
};

/// A token with the model's own probability (before any of the above).
struct Candidate {
  int32_t id = 0;
  double logprob = 0;
};

/// Draws tokens of one sequence. Deterministic: the n-th draw is a function of (seed, n, logits).
class Sampler {
 public:
  Sampler(const SamplingOptions& options, int64_t vocab_size);
  /// Counts a token as part of the text, for the repetition penalty.
  void observe(int32_t id);
  /// The next token, with its logprob before any option.
  Candidate next(std::span<const float> logits);

 private:
  SamplingOptions options_;
  Rng rng_;
  std::vector<uint8_t> seen_;
  std::vector<float> work_;
  std::vector<int32_t> order_;
};

/// log sum exp of logits, in double.
double log_sum_exp(std::span<const float> logits);
/// The k most probable tokens, most probable first, lowest id first on ties.
std::vector<Candidate> top_candidates(std::span<const float> logits, int64_t k);

}  // namespace malmoi::infer
