// Prompts that begin as others did: they go on from their states, and their answers are the same to the bit.
#include <gtest/gtest.h>

#include "infer/test_scheduler.h"

namespace malmoi::infer {
namespace {

constexpr size_t kKept = size_t{1} << 24;

// A prompt that begins with `shared` tokens of one kind and goes on with others.
TokenRequest branched(int64_t shared, int64_t own, int32_t kind) {
  TokenRequest request = request_of(shared, 12);
  const std::vector<int32_t> more = prompt_of(own, 100 + 31 * kind);
  request.prompt.insert(request.prompt.end(), more.begin(), more.end());
  request.sampling.seed = static_cast<uint64_t>(kind);
  return request;
}

// Runs them one after the other; how many tokens the later ones did not read.
int64_t expect_shared(const model::Model& model, std::span<const TokenRequest> requests, SchedulerOptions options) {
  options.prefix_bytes = kKept;
  Trial trial(model, options);
  for (const TokenRequest& request : requests) {
    EXPECT_TRUE(trial.submit(request).ok());
    trial.finish();
  }
  options.prefix_bytes = 0;
  expect_as_alone(trial, model, requests, options);
  return trial.stats().cached_tokens;
}

TEST(PrefixSharing, WhatWasReadIsNotReadAgain) {
  auto model = tiny_model(4096);
  const std::vector<TokenRequest> requests = {branched(70, 5, 0), branched(70, 9, 1), branched(70, 1, 2),
                                              branched(70, 5, 0)};
  EXPECT_EQ(expect_shared(*model, requests, {.prefill_rows = 32}), 70 + 70 + 74);
  EXPECT_EQ(expect_shared(*model, requests, {}), 70 + 70 + 74);
}

TEST(PrefixSharing, AConversationReadsWhatIsNew) {
  auto model = tiny_model(4096);
  SchedulerOptions options{.prefix_bytes = kKept};
  Trial trial(*model, options);
  TokenRequest turn = request_of(40, 10);
  for (size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(trial.submit(turn).ok());
    trial.finish();
    expect_same(trial.answer(i), alone(*model, turn));
    const auto& answer = trial.answer(i).ids;
    turn.prompt.insert(turn.prompt.end(), answer.begin(), answer.end());
    turn.prompt.push_back(static_cast<int32_t>(i));
  }
  EXPECT_EQ(trial.stats().cached_tokens, 40 + 51);
}

TEST(PrefixSharing, WindowsAndRecurrencesShareWhereTheyCan) {
  const std::vector<TokenRequest> requests = {branched(100, 5, 0), branched(100, 9, 1), branched(20, 60, 2)};
  // Cut anywhere while no row of a window is gone; else at the end of a piece.
  EXPECT_EQ(expect_shared(*tiny_window_model(400), requests, {.prefill_rows = 32}), 100 + 20);
  EXPECT_EQ(expect_shared(*tiny_window_model(24), requests, {.prefill_rows = 32}), 96 + 20);
  EXPECT_EQ(expect_shared(*tiny_recurrent_model(), requests, {.prefill_rows = 32}), 96);
}

TEST(PrefixSharing, TextsBeyondALengthShareAmongThemselves) {
  auto model = tiny_longrope_model(64, 256);
  const std::vector<TokenRequest> requests = {branched(40, 5, 0), branched(40, 60, 1), branched(40, 61, 1),
                                              branched(40, 6, 2)};
  EXPECT_EQ(expect_shared(*model, requests, {.prefill_rows = 32}), 100 + 40);
}

TEST(PrefixSharing, SeveralAnswersShareOnePrompt) {
  auto model = tiny_model(4096);
  std::vector<TokenRequest> requests = {branched(70, 5, 0), branched(70, 9, 1)};
  requests[1].answers = 3;
  EXPECT_EQ(expect_shared(*model, requests, {}), 70);
}

TEST(PrefixSharing, APromptThatIsToldIsReadWhole) {
  auto model = tiny_model(4096);
  Trial trial(*model, {.prefix_bytes = kKept});
  TokenRequest request = request_of(70, 3);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(trial.submit(request).ok());
    trial.finish();
    request.prompt_probabilities = true;
  }
  EXPECT_EQ(trial.stats().cached_tokens, 0);
  EXPECT_EQ(trial.answer(1).ids.size(), 73u);
}

TEST(PrefixSharing, AnAnswerThatWaitsLeavesWhatIsKept) {
  auto model = tiny_model(4096);
  SchedulerOptions options{.state_bytes = 20 * kPageBytes, .prefix_bytes = 8 * kPageBytes};
  Trial trial(*model, options);
  ASSERT_TRUE(trial.submit(request_of(60, 2, 200)).ok());
  trial.finish();
  for (int32_t i = 0; i < 2; ++i) ASSERT_TRUE(trial.submit(request_of(90, 250, i)).ok());  // one runs, one waits
  trial.finish();
  const int64_t before = trial.stats().cached_tokens;
  ASSERT_TRUE(trial.submit(request_of(60, 2, 200)).ok());
  trial.finish();
  EXPECT_EQ(trial.stats().cached_tokens - before, 59);
}

TEST(PrefixSharing, WhoIsSentBackReadsItsOwnPromptWhichCountsForNobody) {
  auto model = tiny_model(4096);
  SchedulerOptions options{.prefill_rows = 16, .state_bytes = 26 * kPageBytes, .prefix_bytes = 10 * kPageBytes};
  Trial trial(*model, options);
  std::vector<TokenRequest> requests;
  for (int32_t i = 0; i < 3; ++i) {
    requests.push_back(request_of(20 + i, 640, 60 * i));
    ASSERT_TRUE(trial.submit(requests.back()).ok());
  }
  trial.finish();
  EXPECT_EQ(trial.stats().cached_tokens, 0);
  options.prefix_bytes = 0;
  expect_as_alone(trial, *model, requests, options);
}

TEST(PrefixSharing, WhatIsKeptGivesWayToWhatRuns) {
  auto model = tiny_model(4096);
  SchedulerOptions options{.state_bytes = 8 * kPageBytes, .prefix_bytes = 8 * kPageBytes};
  Trial trial(*model, options);
  std::vector<TokenRequest> requests;
  for (int32_t i = 0; i < 6; ++i) {
    requests.push_back(request_of(90, 120, 3 * i));
    ASSERT_TRUE(trial.submit(requests.back()).ok());
    if (i % 2 == 1) trial.finish();
    EXPECT_LE(trial.stats().state_bytes, options.state_bytes);
  }
  trial.finish();
  options.prefix_bytes = 0;
  expect_as_alone(trial, *model, requests, options);
}

}  // namespace
}  // namespace malmoi::infer
