// What a search over beams takes of the options of sampling, and what it refuses.
#include "app/use/beams.h"

#include <gtest/gtest.h>

#include <functional>

#include "infer/drafter.h"
#include "infer/tiny_model.h"

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

TEST(GenerateByBeams, WhatIsDoneToDrawnTokensAloneIsRefused) {
  LoadedModel loaded;
  loaded.model = infer::tiny_model();
  auto tokenizer = tokenizer::Tokenizer::from_json(infer::tiny_tokenizer_json());
  ASSERT_TRUE(tokenizer.ok());
  loaded.tokenizer = std::make_unique<tokenizer::Tokenizer>(*std::move(tokenizer));
  auto search = [&](const std::function<void(GenerateOptions&)>& ask) {
    GenerateOptions options;
    options.prompt = "abc";
    options.max_tokens = 3;
    options.answers.beams = 2;
    ask(options);
    auto found = generate(loaded, options, nullptr, {});
    return found.ok() ? "found" : found.error().what;
  };
  EXPECT_EQ(search([](GenerateOptions&) {}), "found");
  EXPECT_NE(search([](GenerateOptions& o) { o.top_probabilities = 2; }).find("no alternatives"), std::string::npos);
  EXPECT_NE(search([](GenerateOptions& o) { o.constraint.emplace(); }).find("no grammar"), std::string::npos);
  EXPECT_NE(search([](GenerateOptions& o) { o.drafter = infer::make_prompt_lookup(); }).find("nothing ahead"),
            std::string::npos);
}

}  // namespace
}  // namespace malmoi::app
