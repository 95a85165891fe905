// Who reads next, and who is let in: short prompts beside long ones, clients of many prompts beside those of one.
#include "infer/scheduler.h"

#include <gtest/gtest.h>

#include "infer/test_scheduler.h"

namespace malmoi::infer {
namespace {

TEST(Scheduler, AShortPromptDoesNotWaitForTheLongOnesBeforeIt) {
  auto model = tiny_model(4096);
  SchedulerOptions options{.prefill_rows = 64};
  Trial trial(*model, options);
  for (int32_t i = 0; i < 3; ++i) ASSERT_TRUE(trial.submit(request_of(640, 4, i)).ok());
  ASSERT_TRUE(trial.step());
  ASSERT_TRUE(trial.step());
  TokenRequest brief = request_of(10, 4, 9);
  ASSERT_TRUE(trial.submit(brief).ok());
  trial.finish();
  EXPECT_LE(trial.answer(3).first_step, 4);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_GT(trial.answer(i).first_step, 25);  // thirty pieces in turn
    expect_same(trial.answer(i), alone(*model, request_of(640, 4, static_cast<int32_t>(i)), options));
  }
  expect_same(trial.answer(3), alone(*model, brief, options));
}

// They came together: the short one goes with the first piece of a long one, it does not wait for all of these.
TEST(Scheduler, AShortPromptGoesBesideTheLongOnesThatCameWithIt) {
  auto model = tiny_model(4096);
  SchedulerOptions options{.prefill_rows = 64};
  Trial trial(*model, options);
  for (int32_t i = 0; i < 20; ++i) ASSERT_TRUE(trial.submit(request_of(640, 2, i)).ok());
  ASSERT_TRUE(trial.submit(request_of(10, 2, 77)).ok());  // beside a piece
  ASSERT_TRUE(trial.submit(request_of(50, 2, 78)).ok());  // in place of one
  trial.finish();
  EXPECT_LE(trial.answer(20).first_step, 2);
  EXPECT_LE(trial.answer(21).first_step, 3);
  for (size_t i = 0; i < 20; ++i)
    expect_same(trial.answer(i), alone(*model, request_of(640, 2, static_cast<int32_t>(i)), options));
  expect_same(trial.answer(20), alone(*model, request_of(10, 2, 77), options));
}

TEST(Scheduler, ShortPromptsWithoutEndDoNotStarveALongOne) {
  auto model = tiny_model(4096);
  Trial trial(*model, {.prefill_rows = 64});
  ASSERT_TRUE(trial.submit(request_of(640, 1)).ok());
  int32_t next = 0;
  while (trial.answer(0).finish == FinishReason::kNone && trial.steps() < 1000) {
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(trial.submit(request_of(30, 1, ++next)).ok());
    trial.step();
  }
  EXPECT_LT(trial.steps(), 400);  // 640 rows at a thirty-second of the 80 that a step reads
}

TEST(Scheduler, ShortPromptsDoNotWaitForThePlacesOfLongOnes) {
  auto model = tiny_model(4096);
  Trial trial(*model, {.max_running = 4, .prefill_rows = 64});
  for (int32_t i = 0; i < 8; ++i) ASSERT_TRUE(trial.submit(request_of(640, 200, i)).ok());
  ASSERT_TRUE(trial.step());
  ASSERT_TRUE(trial.submit(request_of(10, 2, 77)).ok());
  ASSERT_TRUE(trial.submit(request_of(10, 2, 78)).ok());
  ASSERT_TRUE(trial.step());
  EXPECT_EQ(trial.stats().running, 5);  // one place is kept
  trial.finish();
  EXPECT_LE(trial.answer(8).first_step, 3);
  EXPECT_LE(trial.answer(9).first_step, 6);
}

// Short prompts that come without end pass by a long one that waits for a place, but do not take it.
TEST(Scheduler, ALongPromptGetsAPlaceThoughShortOnesPassItBy) {
  auto model = tiny_model(4096);
  Trial trial(*model, {.max_running = 4, .prefill_rows = 64});
  for (int32_t i = 0; i < 5; ++i) ASSERT_TRUE(trial.submit(request_of(100, 20, i)).ok());
  int32_t next = 100;
  while (trial.answer(4).finish == FinishReason::kNone && trial.steps() < 1000) {
    ASSERT_TRUE(trial.submit(request_of(10, 5, ++next)).ok());
    trial.step();
  }
  EXPECT_LT(trial.steps(), 200);
}

// The step in which a client's one prompt is answered that came behind the `many` of another, all of a length.
int64_t first_step_behind(int32_t many, int64_t length, int64_t max_tokens, const SchedulerOptions& options) {
  auto model = tiny_model(4096);
  Trial trial(*model, options);
  for (int32_t i = 0; i <= many; ++i) {
    TokenRequest request = request_of(length, max_tokens, i);
    request.client = i < many ? 1 : 2;
    EXPECT_TRUE(trial.submit(request).ok());
  }
  trial.finish();
  return trial.answer(static_cast<size_t>(many)).first_step;
}

TEST(Scheduler, TheManyPromptsOfOneClientTakeNoMoreTurnsThanTheOneOfAnother) {
  // Ten pieces in every second step, of 110.
  EXPECT_LE(first_step_behind(10, 640, 1, {.prefill_rows = 64}), 22);
}

TEST(Scheduler, TheManyPromptsOfOneClientDoNotKeepAnotherOut) {
  // With the first place that comes free, or beside the first.
  EXPECT_LE(first_step_behind(20, 10, 10, {.max_running = 2}), 12);
}

TEST(Scheduler, AnswersGoOnWhilePromptsAreRead) {
  auto model = tiny_model(4096);
  Trial trial(*model, {.prefill_rows = 64});
  ASSERT_TRUE(trial.submit(request_of(5, 40)).ok());
  ASSERT_TRUE(trial.step());
  ASSERT_TRUE(trial.submit(request_of(1280, 1)).ok());
  for (int64_t i = 0; i < 10; ++i) ASSERT_TRUE(trial.step());
  EXPECT_EQ(trial.answer(0).ids.size(), 11u);
  EXPECT_TRUE(trial.answer(1).ids.empty());
}

}  // namespace
}  // namespace malmoi::infer
