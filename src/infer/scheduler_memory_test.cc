// Room in the pool: who waits for it, who gives it back, and what can never have it.
#include "infer/scheduler.h"

#include <gtest/gtest.h>

#include "infer/test_scheduler.h"

namespace malmoi::infer {
namespace {

TEST(Scheduler, ARequestWaitsUntilThePoolHasRoom) {
  auto model = tiny_model(4096);
  Trial trial(*model, {.state_bytes = 6 * kPageBytes});
  for (int32_t i = 0; i < 3; ++i) ASSERT_TRUE(trial.submit(request_of(90, 30, i)).ok());  // four pages each
  ASSERT_TRUE(trial.step());
  EXPECT_EQ(trial.stats().running, 1);
  EXPECT_EQ(trial.stats().waiting, 2);
  EXPECT_EQ(trial.stats().state_bytes, 3 * kPageBytes);
  EXPECT_EQ(trial.stats().state_budget, 6 * kPageBytes);
  trial.finish();
  for (size_t i = 0; i < 3; ++i)
    expect_same(trial.answer(i), alone(*model, request_of(90, 30, static_cast<int32_t>(i))));
  EXPECT_EQ(trial.stats().state_bytes, 0u);
}

TEST(Scheduler, TheYoungestGivesItsRoomBackAndItsAnswerIsTheSame) {
  auto model = tiny_model(4096);
  SchedulerOptions options{.prefill_rows = 16, .state_bytes = 26 * kPageBytes};
  Trial trial(*model, options);
  // Let in with 9 pages each, grown to 21.
  std::vector<TokenRequest> requests;
  for (int32_t i = 0; i < 3; ++i) requests.push_back(request_of(20 + i, 640, i));
  for (const TokenRequest& request : requests) ASSERT_TRUE(trial.submit(request).ok());
  bool sent_back = false;
  int64_t ran = 0;
  for (bool more = true; more;) {
    more = trial.step();
    ASSERT_LE(trial.stats().state_bytes, options.state_bytes);
    sent_back |= trial.stats().running < ran && trial.answer(0).finish == FinishReason::kNone;
    ran = trial.stats().running;
  }
  EXPECT_TRUE(sent_back);
  expect_as_alone(trial, *model, requests, options);
  EXPECT_EQ(trial.stats().prompt_tokens, 20 + 21 + 22);
  EXPECT_EQ(trial.stats().generated_tokens, 3 * 640);
}

TEST(Scheduler, WhatCanNeverFitIsRefused) {
  auto model = tiny_model(4096);
  Trial trial(*model, {.state_bytes = 4 * kPageBytes});
  EXPECT_EQ(trial.scheduler().context_length(), 128);
  Status status = trial.submit(request_of(128, 1));
  ASSERT_FALSE(status.ok());
  EXPECT_FALSE(status.error().what.empty() || status.error().where.empty() || status.error().remedy.empty());
  EXPECT_FALSE(trial.submit(request_of(5000, 1)).ok());
  ASSERT_TRUE(trial.submit(request_of(120, 100)).ok());  // ends with the room that there is
  trial.finish();
  EXPECT_EQ(trial.answer(0).ids.size(), 8u);
  EXPECT_EQ(trial.answer(0).finish, FinishReason::kLength);
}

TEST(Scheduler, APoolTooSmallForOneSequenceIsAnError) {
  auto model = tiny_model(4096);
  auto scheduler = Scheduler::create(*model, {.state_bytes = kPageBytes - 1});
  ASSERT_FALSE(scheduler.ok());
  EXPECT_EQ(scheduler.error().code, ErrorCode::kOutOfMemory);
  EXPECT_EQ(scheduler.error().where, "state pool");
  EXPECT_FALSE(scheduler.error().remedy.empty());
}

TEST(Scheduler, AnswersWithoutRoomBesideEachOtherComeOneAfterAnother) {
  auto model = tiny_model(4096);
  TokenRequest request = request_of(40, 300, 3);  // eleven pages each, one of them shared
  request.answers = 4;
  Trial trial(*model, {.state_bytes = 13 * kPageBytes});
  ASSERT_TRUE(trial.submit(request).ok());
  trial.finish();
  expect_as_alone(trial, *model, {&request, 1});
  EXPECT_EQ(trial.stats().state_bytes, 0u);
}

TEST(Scheduler, AWindowBoundsTheMemoryOfALongAnswer) {
  auto model = tiny_window_model(40);
  Trial trial(*model, {.prefill_rows = 32, .state_bytes = 6 * kPageBytes});
  EXPECT_EQ(trial.scheduler().context_length(), 4096);
  ASSERT_TRUE(trial.submit(request_of(300, 1000)).ok());
  while (trial.step()) ASSERT_LE(trial.stats().state_bytes, 4 * kPageBytes);
  EXPECT_EQ(trial.answer(0).ids.size(), 1000u);
  EXPECT_EQ(trial.answer(0).finish, FinishReason::kLength);
}

}  // namespace
}  // namespace malmoi::infer
