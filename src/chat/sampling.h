// How the next token is drawn: what a request may ask for.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/error.h"

namespace malmoi::chat {

/// Applied in this order to the logits l of a step: repetition penalty r (Keskar et al. 2019: l of every token already
/// in the text becomes l / r if positive, l * r if not), presence and frequency penalty (OpenAI's: of tokens generated c > 0
/// times presence_penalty + c * frequency_penalty is taken), logit bias (added), temperature t (l / t; 0: the largest, the
/// lowest id on ties), top-k (the k largest), top-p (Holtzman et al. 2020: the fewest whose probabilities reach p), min-p
/// (those of at least min_p times the largest probability). Then one is drawn.
struct SamplingOptions {
  double temperature = 1.0;
  int64_t top_k = 0;  // 0: all
  double top_p = 1.0;
  double min_p = 0.0;
  double repetition_penalty = 1.0;
  double presence_penalty = 0.0, frequency_penalty = 0.0;
  uint64_t seed = 0;
  std::vector<std::pair<int32_t, float>> logit_bias;

  /// Whether every value is in its range; names the one that is not.
  Status check() const;
};

}  // namespace malmoi::chat
