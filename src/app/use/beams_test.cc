// What a search over beams takes of the options of sampling, and what it refuses.
#include "app/use/beams.h"

#include <gtest/gtest.h>

namespace malmoi::app {
namespace {

TEST(BeamOptions, WhatIsOnlyForDrawnAnswersIsRefused) {
  const AnswerOptions answers{.beams = 2};
  auto taken = [&](const chat::SamplingOptions& sampling) { return beam_options(answers, sampling, 5, {}); };
  auto penalised = taken({.top_k = 3, .typical_p = .5, .repetition_penalty = 1.2});
  ASSERT_TRUE(penalised.ok());
  EXPECT_EQ(penalised->repetition_penalty, 1.2);
  for (const chat::SamplingOptions& sampling :
       {chat::SamplingOptions{.presence_penalty = 1}, chat::SamplingOptions{.frequency_penalty = 1},
        chat::SamplingOptions{.penalty_last_n = 64}, chat::SamplingOptions{.dry_multiplier = 1},
        chat::SamplingOptions{.mirostat = 2}, chat::SamplingOptions{.logit_bias = {{1, 1.f}}}}) {
    auto refused = taken(sampling);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().where, "--beams");
  }
}

}  // namespace
}  // namespace malmoi::app
