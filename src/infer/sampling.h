// Choosing the next token from logits.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/rng.h"
#include "chat/sampling.h"

namespace malmoi::infer {

using chat::SamplingOptions;

/// A token with the model's own probability (before any of the above), and the chance it had in a draw (after them all).
struct Candidate {
  int32_t id = 0;
  double logprob = 0;
  double chance = 0;
};

/// Draws tokens of one sequence. Deterministic: the n-th draw is a function of (seed, n, logits).
class Sampler {
 public:
  Sampler(const SamplingOptions& options, int64_t vocab_size);
  /// Counts a token as part of the text, for the penalties.
  void observe(int32_t id, bool generated = false);
  /// The next token, with its logprob before any option and its chance after them.
  Candidate next(std::span<const float> logits) { return next(logits, logits); }
  /// The same where rules have forbidden some: `original` are the logits before them, of which logprobs are.
  Candidate next(std::span<const float> logits, std::span<const float> original);
  /// The chance that a token had in the last next(): 0 where the options left it out.
  double chance(int32_t id) const;

 private:
  void adjust(std::span<const float> logits);
  void keep_largest();
  bool better(int32_t a, int32_t b) const;
  double weight(int32_t id) const;

  SamplingOptions options_;
  Rng rng_;
  std::vector<uint8_t> seen_;
  std::vector<int32_t> counts_;  // of tokens generated; empty without the penalties that need it
  std::vector<float> work_;      // adjusted logits of the last draw
  std::vector<int32_t> order_;   // the first kept_ are left after top-k and top-p
  size_t kept_ = 0;
  bool sorted_ = false;  // whether order_[kept_ - 1] is the least of those kept
  float largest_ = 0;
  double total_ = 0;  // of the weights kept
};

/// log sum exp of logits, in double.
double log_sum_exp(std::span<const float> logits);
/// The k most probable tokens, most probable first, lowest id first on ties.
std::vector<Candidate> top_candidates(std::span<const float> logits, int64_t k);

}  // namespace malmoi::infer
