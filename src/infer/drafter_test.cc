// Guesses ahead: what is guessed, and that answers are the same with them.
#include "infer/drafter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "infer/test_scheduler.h"

namespace malmoi::infer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<int32_t> looked_up(const std::vector<int32_t>& text, int64_t most) {
  Drafter::Text one{.sequence = 1, .ids = text, .most = most};
  make_prompt_lookup()->draft({&one, 1});
  return one.draft;
}

TEST(PromptLookup, WhatFollowedTheLastTokensBeforeIsGuessed) {
  EXPECT_THAT(looked_up({1, 2, 3, 4, 5, 9, 1, 2}, 3), ElementsAre(3, 4, 5));
  EXPECT_THAT(looked_up({1, 2, 3, 4, 5, 9, 1, 2}, 100), ElementsAre(3, 4, 5, 9, 1, 2));
  EXPECT_THAT(looked_up({1, 2, 3, 8, 2, 3, 7, 1, 2, 3}, 1), ElementsAre(8)) << "more tokens are the same";
  EXPECT_THAT(looked_up({2, 3, 8, 2, 3, 7, 2, 3}, 1), ElementsAre(7)) << "the last place";
  EXPECT_THAT(looked_up({4, 4, 4, 4}, 5), ElementsAre(4));
  EXPECT_THAT(looked_up({1, 2, 3, 1}, 2), IsEmpty()) << "one token alone says little";
  EXPECT_THAT(looked_up({1}, 2), IsEmpty());
}

// A text that repeats itself, so that something can be looked up.
TokenRequest repeating(int32_t first, int64_t max_tokens, double temperature) {
  TokenRequest request = request_of(30, max_tokens, first);
  const std::vector<int32_t> once = request.prompt;
  request.prompt.insert(request.prompt.end(), once.begin(), once.end());
  request.sampling.temperature = temperature;
  return request;
}

// How many tokens were drafted, and how many of them were right.
struct Drafts {
  int64_t tokens, accepted;
};
Drafts expect_the_same_with(const std::shared_ptr<Drafter>& drafter, const model::Model& model,
                            bool says_little = false) {
  SchedulerOptions options;
  std::vector<TokenRequest> requests = {repeating(1, 60, 0), repeating(40, 41, 0.3), repeating(7, 1, 0),
                                        repeating(3, 25, 1)};
  requests[1].answers = 2;
  requests[3].sampling.repetition_penalty = 1.2;
  requests[0].stop_ids = {alone(model, requests[0]).ids[20]};
  for (TokenRequest& request : requests) {
    for (int32_t id : {5, 6, 7}) {
      if (says_little) request.sampling.logit_bias.emplace_back(id, 40.0f);
    }
  }
  options.drafter = drafter;
  Trial trial(model, options);
  for (const TokenRequest& request : requests) EXPECT_TRUE(trial.submit(request).ok());
  trial.finish();
  options.drafter = nullptr;
  expect_as_alone(trial, model, requests, options);
  EXPECT_GT(trial.stats().draft_tokens, 0);
  return {trial.stats().draft_tokens, trial.stats().accepted_draft_tokens};
}

TEST(Speculation, AnswersAreTheSameToTheBit) {
  auto model = tiny_model(4096), other = tiny_model(4096, 8);
  EXPECT_GT(expect_the_same_with(make_prompt_lookup(), *model, true).accepted, 0);
  EXPECT_GT(expect_the_same_with(*make_draft_model(*model, model->outputs()), *model).accepted, 0);
  const Drafts wrong = expect_the_same_with(*make_draft_model(*other, model->outputs()), *model);
  EXPECT_LT(wrong.accepted, wrong.tokens);
}

// Past the length at which the keys of an answer are cut in parts.
TEST(Speculation, LongTextsAreKept) {
  auto model = tiny_model(4096);
  const TokenRequest request = request_of(500, 560, 3);
  Trial trial(*model, {.drafter = *make_draft_model(*model, model->outputs())});
  ASSERT_TRUE(trial.submit(request).ok());
  trial.finish();
  EXPECT_GT(trial.stats().accepted_draft_tokens, 10);
  expect_same(trial.answer(0), alone(*model, request));
}

class Throwing : public Drafter {
 public:
  void draft(std::span<Text> texts) override {
    texts[0].draft = {1, 2};
    throw std::bad_alloc();
  }
};

TEST(Speculation, ADrafterThatFailsIsDoneWithout) {
  expect_same(
      [] {
        auto model = tiny_model(4096);
        Trial trial(*model, {.drafter = std::make_shared<Throwing>()});
        EXPECT_TRUE(trial.submit(repeating(1, 20, 0)).ok());
        trial.finish();
        return trial.answer(0);
      }(),
      alone(*tiny_model(4096), repeating(1, 20, 0)));
}

TEST(Speculation, WindowsAndSwitchesOfLengthAreKept) {
  expect_the_same_with(make_prompt_lookup(), *tiny_window_model(24), true);
  auto model = tiny_window_model(40);
  expect_the_same_with(*make_draft_model(*model, model->outputs()), *model);
  for (int64_t beyond : {64, 70, 77}) {
    auto longer = tiny_longrope_model(beyond, 256);
    expect_the_same_with(*make_draft_model(*longer, longer->outputs()), *longer);
  }
}

TEST(Speculation, NothingIsGuessedWhereAStateCannotGoBack) {
  auto model = tiny_recurrent_model();
  SchedulerOptions options{.drafter = make_prompt_lookup()};
  Trial trial(*model, options);
  ASSERT_TRUE(trial.submit(repeating(1, 30, 0)).ok());
  trial.finish();
  EXPECT_EQ(trial.stats().draft_tokens, 0);
  EXPECT_EQ(trial.answer(0).ids.size(), 30u);
}

TEST(Speculation, AModelAgreesWithItself) {
  auto model = tiny_model(4096);
  Trial trial(*model, {.drafter = *make_draft_model(*model, model->outputs())});
  ASSERT_TRUE(trial.submit(repeating(1, 100, 0)).ok());
  trial.finish();
  EXPECT_GT(trial.stats().draft_tokens, 10);  // where it is sure enough
  EXPECT_EQ(trial.stats().accepted_draft_tokens, trial.stats().draft_tokens);
  EXPECT_LE(trial.steps(), 102 - trial.stats().accepted_draft_tokens);
  EXPECT_EQ(trial.stats().generated_tokens, 100);
}

TEST(Speculation, RoomIsForAnswersFirst) {
  auto model = tiny_model(4096);
  SchedulerOptions options{
      .prefill_rows = 16, .state_bytes = 26 * kPageBytes, .drafter = *make_draft_model(*model, model->outputs())};
  Trial trial(*model, options);
  std::vector<TokenRequest> requests;
  for (int32_t i = 0; i < 3; ++i) requests.push_back(request_of(20 + i, 640, i));
  for (const TokenRequest& request : requests) ASSERT_TRUE(trial.submit(request).ok());
  bool sent_back = false;
  for (bool more = true; more;) {
    const int64_t ran = trial.stats().running;
    more = trial.step();
    sent_back |= trial.stats().running < ran && trial.answer(0).finish == FinishReason::kNone;
  }
  EXPECT_TRUE(sent_back);
  EXPECT_GT(trial.stats().draft_tokens, 0);
  options.drafter = nullptr;
  expect_as_alone(trial, *model, requests, options);
}

TEST(Speculation, AnotherVocabularyIsRefused) {
  auto model = tiny_model();
  auto drafter = make_draft_model(*model, 32000);
  ASSERT_FALSE(drafter.ok());
  EXPECT_THAT(drafter.error().to_string(), testing::HasSubstr("264 tokens"));
  EXPECT_FALSE(make_draft_model(*tiny_encoder(), 264).ok());
  EXPECT_FALSE(make_draft_model(*tiny_recurrent_model(), 264).ok()) << "it cannot go back";
}

}  // namespace
}  // namespace malmoi::infer
