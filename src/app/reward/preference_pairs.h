// Pairs of a better and a worse answer to the same prompt, by what answers are worth.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace malmoi::app {

/// An answer and what rewards said of it.
struct JudgedAnswer {
  std::string text;
  int64_t tokens = 0;
  bool cut = false;  // it did not end by itself
  double reward = 0;
  std::vector<double> parts;  // of each reward, without its weight
  std::string failures;       // of rewards that could not judge it: "NAME: why; ..."

  bool failed() const { return !failures.empty(); }
  /// White space alone, as templates know it: there is nothing to learn from.
  bool blank() const;
};

struct PairRules {
  int64_t pairs = 1;            // of a prompt, at most
  double least_difference = 0;  // of the rewards of a pair: more than this
};

/// What became of the answers to one prompt.
struct PromptPairs {
  std::vector<std::pair<size_t, size_t>> pairs;  // numbers of answers: chosen, rejected
  bool tie = false;                              // all that were judged are worth the same
};

/// The best answer and the worst one, then the next best and the next worst, as long as they differ. Answers that could not be judged or
/// are blank make no pair, nor do equal texts make two. One that was cut off is never chosen: it would be learned to end there.
PromptPairs choose_pairs(std::span<const JudgedAnswer> answers, const PairRules& rules);

/// A row of the shape `preference` (docs/fine-tuning.md): `prompt` as the row has it, chosen, rejected and their rewards.
Json preference_row(const Json& prompt, const JudgedAnswer& chosen, const JudgedAnswer& rejected);

}  // namespace malmoi::app
