// The scheduler step by step: fair reading of prompts, room in the pool, answers that share a prompt, encoder-decoders.
#include "infer/scheduler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <new>
#include <numeric>

#include "base/file.h"
#include "base/mapped_files.h"
#include "infer/tiny_model.h"

namespace malmoi::infer {
namespace {

struct Answer {
  std::vector<int32_t> ids;
  std::vector<double> logprobs;
  FinishReason finish = FinishReason::kNone;
  int64_t first_step = -1;  // in which the first token came
};

// A scheduler and what it told of each answer, in the order of submission.
class Trial {
 public:
  explicit Trial(const model::Model& model, const SchedulerOptions& options = {}) {
    auto scheduler = Scheduler::create(model, options);
    EXPECT_TRUE(scheduler.ok()) << scheduler.error().to_string();
    scheduler_ = *std::move(scheduler);
  }
  Status submit(const TokenRequest& request) {
    size_t first = answers_.size();
    MALMOI_TRY(scheduler_->check(request));
    for (int64_t i = 0; i < request.answers; ++i) answers_.push_back(std::make_unique<Answer>());
    return scheduler_->submit(request, [this, first](const Token& token) {
      Answer& answer = *answers_[first + static_cast<size_t>(token.answer)];
      if (token.id >= 0) {
        answer.ids.push_back(token.id);
        answer.logprobs.push_back(token.logprob);
        if (answer.first_step < 0) answer.first_step = steps_;
      }
      if (token.finish != FinishReason::kNone) {
        EXPECT_EQ(answer.finish, FinishReason::kNone) << "two ends";
        answer.finish = token.finish;
      }
      return true;
    });
  }
  bool step() { return ++steps_, scheduler_->step(); }
  void finish() {
    while (step()) ASSERT_LT(steps_, 100000);
  }
  Scheduler& scheduler() { return *scheduler_; }
  SchedulerStats stats() const { return scheduler_->stats(); }
  const Answer& answer(size_t i) const { return *answers_[i]; }
  int64_t steps() const { return steps_; }

 private:
  std::unique_ptr<Scheduler> scheduler_;
  std::vector<std::unique_ptr<Answer>> answers_;
  int64_t steps_ = 0;
};

std::vector<int32_t> prompt_of(int64_t length, int32_t first) {
  std::vector<int32_t> ids(static_cast<size_t>(length));
  for (int64_t i = 0; i < length; ++i) ids[static_cast<size_t>(i)] = static_cast<int32_t>((first + 7 * i) % 250);
  return ids;
}

TokenRequest request_of(int64_t length, int64_t max_tokens, int32_t first = 1) {
  TokenRequest request{.prompt = prompt_of(length, first), .max_tokens = max_tokens};
  request.sampling.seed = static_cast<uint64_t>(first);
  return request;
}

Answer alone(const model::Model& model, const TokenRequest& request, SchedulerOptions options = {}) {
  options.state_bytes = 0;
  Trial trial(model, options);
  EXPECT_TRUE(trial.submit(request).ok());
  trial.finish();
  return trial.answer(0);
}

void expect_same(const Answer& got, const Answer& want) {
  EXPECT_EQ(got.ids, want.ids);
  EXPECT_EQ(got.logprobs, want.logprobs);  // to the bit
  EXPECT_EQ(got.finish, want.finish);
}

// Of tiny_model: keys and values of 16 elements in two layers, f32.
constexpr size_t kPageBytes = 2 * 2 * 16 * sizeof(float) * nn::StatePool::kPageRows;

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

TEST(Scheduler, TheManyPromptsOfOneClientTakeNoMoreTurnsThanTheOneOfAnother) {
  auto model = tiny_model(4096);
  Trial trial(*model, {.prefill_rows = 64});
  for (int32_t i = 0; i < 10; ++i) {
    TokenRequest many = request_of(640, 1, i);
    many.client = 1;
    ASSERT_TRUE(trial.submit(many).ok());
  }
  TokenRequest one = request_of(640, 1, 50);
  one.client = 2;
  ASSERT_TRUE(trial.submit(one).ok());
  trial.finish();
  EXPECT_LE(trial.answer(10).first_step, 22);  // ten pieces in every second step, of 110
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

TEST(Scheduler, TheManyPromptsOfOneClientDoNotKeepAnotherOut) {
  auto model = tiny_model(4096);
  Trial trial(*model, {.max_running = 2});
  for (int32_t i = 0; i < 20; ++i) {
    TokenRequest many = request_of(10, 10, i);
    many.client = 1;
    ASSERT_TRUE(trial.submit(many).ok());
  }
  TokenRequest one = request_of(10, 10, 50);
  one.client = 2;
  ASSERT_TRUE(trial.submit(one).ok());
  trial.finish();
  EXPECT_LE(trial.answer(20).first_step, 12);  // with the first place that comes free, or beside the first
}

TEST(Scheduler, TokensOfAPromptAreToldWithTheirProbabilities) {
  auto model = tiny_model(4096);
  TokenRequest request = request_of(40, 0);
  request.prompt_probabilities = true;
  request.top_probabilities = 2;
  for (int64_t rows : {64, 7}) {  // in one piece, in several
    auto scheduler = Scheduler::create(*model, {.prefill_rows = rows});
    ASSERT_TRUE(scheduler.ok());
    std::vector<Token> told;
    ASSERT_TRUE((*scheduler)->submit(request, [&](const Token& token) { return told.push_back(token), true; }).ok());
    while ((*scheduler)->step()) {
    }
    ASSERT_EQ(told.size(), 41u);  // and the end
    EXPECT_TRUE(std::isnan(told[0].logprob));
    for (size_t i = 0; i < 40; ++i) {
      EXPECT_TRUE(told[i].prompt);
      EXPECT_EQ(told[i].id, request.prompt[i]);
      if (i == 0) continue;
      ASSERT_EQ(told[i].top.size(), 2u);
      // As the model says it where the prompt ends there.
      TokenRequest before = request_of(static_cast<int64_t>(i), 1);
      before.top_probabilities = model->vocab_size();
      double wanted = 0;
      auto apart = Scheduler::create(*model);
      ASSERT_TRUE((*apart)
                      ->submit(before,
                               [&](const Token& token) {
                                 for (const Candidate& c : token.top) wanted = c.id == told[i].id ? c.logprob : wanted;
                                 return true;
                               })
                      .ok());
      while ((*apart)->step()) {
      }
      EXPECT_NEAR(told[i].logprob, wanted, 1e-3) << i;
    }
    EXPECT_EQ(told[40].finish, FinishReason::kLength);
  }
}

TEST(Scheduler, BiasesOutsideTheVocabularyAreRefused) {
  auto model = tiny_model(4096);
  Trial trial(*model);
  TokenRequest request = request_of(5, 1);
  request.sampling.logit_bias = {{static_cast<int32_t>(model->vocab_size()), 1.f}};
  Status status = trial.submit(request);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().where, "logit_bias");
  request.sampling.logit_bias = {{static_cast<int32_t>(model->vocab_size() - 1), 1.f}};
  EXPECT_TRUE(trial.submit(request).ok());
}

// A file that is shortened under a running model ends its answers, and refuses more, instead of the process.
TEST(Scheduler, AFileThatWasLostEndsTheAnswers) {
  survive_lost_pages();
  auto model = tiny_model(4096);
  Path path = ::testing::TempDir() + "/lost_weights";
  ASSERT_TRUE(write_file(path, std::string(1 << 16, 'x')).ok());
  auto file = MappedFile::open(path);
  ASSERT_TRUE(file.ok());
  Trial trial(*model);
  ASSERT_TRUE(trial.submit(request_of(5, 100)).ok());
  ASSERT_TRUE(trial.step());
  std::filesystem::resize_file(path, 10);
  EXPECT_EQ(static_cast<char>(file->bytes()[1 << 15]), 0);  // as a product would read it
  EXPECT_FALSE(trial.step());
  EXPECT_EQ(trial.answer(0).finish, FinishReason::kError);
  EXPECT_FALSE(trial.submit(request_of(5, 1)).ok());
  *file = MappedFile();
  EXPECT_TRUE(trial.submit(request_of(5, 1)).ok());
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
  for (size_t i = 0; i < requests.size(); ++i) expect_same(trial.answer(i), alone(*model, requests[i], options));
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

TEST(Scheduler, AModelThatDoesNotWriteTextIsRefused) {
  for (auto task : {model::Task::kMaskedLm, model::Task::kClassification}) {
    auto scheduler = Scheduler::create(*tiny_encoder(task));
    ASSERT_FALSE(scheduler.ok());
    EXPECT_EQ(scheduler.error().code, ErrorCode::kUsage);
    EXPECT_FALSE(scheduler.error().remedy.empty());
  }
}

TEST(Scheduler, AnswersToOnePromptAreThoseOfRequestsApart) {
  auto model = tiny_model(4096);
  TokenRequest request = request_of(100, 50, 3);
  request.answers = 4;
  Trial trial(*model);
  ASSERT_TRUE(trial.submit(request).ok());
  EXPECT_EQ(trial.stats().waiting, 4);
  ASSERT_TRUE(trial.step());
  EXPECT_EQ(trial.stats().running, 4);
  EXPECT_EQ(trial.stats().state_bytes, 4 * kPageBytes);  // read once, nothing written yet
  ASSERT_TRUE(trial.step());
  EXPECT_EQ(trial.stats().state_bytes, 7 * kPageBytes);  // three pages are shared
  trial.finish();
  EXPECT_EQ(trial.stats().prompt_tokens, 100);
  EXPECT_EQ(trial.stats().generated_tokens, 200);
  for (size_t i = 0; i < 4; ++i) {
    TokenRequest one = request_of(100, 50, 3);
    one.sampling.seed += i;
    expect_same(trial.answer(i), alone(*model, one));
  }
}

TEST(Scheduler, AnswersWithoutRoomBesideEachOtherComeOneAfterAnother) {
  auto model = tiny_model(4096);
  TokenRequest request = request_of(40, 300, 3);  // eleven pages each, one of them shared
  request.answers = 4;
  Trial trial(*model, {.state_bytes = 13 * kPageBytes});
  ASSERT_TRUE(trial.submit(request).ok());
  trial.finish();
  for (size_t i = 0; i < 4; ++i) {
    TokenRequest one = request_of(40, 300, 3);
    one.sampling.seed += i;
    expect_same(trial.answer(i), alone(*model, one));
  }
  EXPECT_EQ(trial.stats().state_bytes, 0u);
}

TEST(Scheduler, ACancelledRequestEndsWithTheNextStep) {
  auto model = tiny_model(4096);
  Trial trial(*model, {.max_running = 2});
  StopSource stop;
  TokenRequest doomed = request_of(5, 100);
  doomed.cancel = stop.token();
  doomed.answers = 2;
  ASSERT_TRUE(trial.submit(doomed).ok());
  ASSERT_TRUE(trial.submit(doomed).ok());  // waits
  ASSERT_TRUE(trial.step());
  ASSERT_TRUE(trial.step());
  stop.request();
  EXPECT_FALSE(trial.step());
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(trial.answer(i).finish, FinishReason::kCancelled) << i;
    EXPECT_EQ(trial.answer(i).ids.size(), i < 2 ? 2u : 0u);
  }
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

TEST(Scheduler, ARecurrenceIsAnAnswersOwn) {
  auto model = tiny_recurrent_model();
  std::vector<TokenRequest> requests;
  for (int32_t i = 0; i < 4; ++i) requests.push_back(request_of(5 + 20 * i, 20 + i, i));
  requests[3].answers = 3;
  SchedulerOptions options{.prefill_rows = 16};
  Trial trial(*model, options);
  for (const TokenRequest& request : requests) ASSERT_TRUE(trial.submit(request).ok());
  trial.finish();
  size_t at = 0;
  for (const TokenRequest& request : requests) {
    for (int64_t i = 0; i < request.answers; ++i, ++at) {
      TokenRequest one = request;
      one.answers = 1;
      one.sampling.seed += static_cast<uint64_t>(i);
      expect_same(trial.answer(at), alone(*model, one, options));
    }
  }
  // Room for two states: the third answer waits, then reads the prompt itself.
  constexpr size_t kState = 2 * sizeof(float) * ((4 - 1) * (64 + 2 * 16) + 64 * 8);  // of two layers
  options.state_bytes = 2 * kState;
  Trial poor(*model, options);
  ASSERT_TRUE(poor.submit(requests[3]).ok());
  poor.finish();
  for (size_t i = 0; i < 3; ++i) expect_same(poor.answer(i), trial.answer(3 + i));
}

TEST(Scheduler, AnEncoderDecoderAnswersItsSource) {
  auto model = tiny_encoder_decoder();
  std::vector<TokenRequest> requests;
  for (int32_t i = 0; i < 5; ++i) requests.push_back(request_of(3 + 9 * i, 12 + i, i));
  requests[2].answers = 3;
  Trial trial(*model, {.prefill_rows = 16});
  for (const TokenRequest& request : requests) ASSERT_TRUE(trial.submit(request).ok());
  trial.finish();
  size_t at = 0;
  for (const TokenRequest& request : requests) {
    for (int64_t i = 0; i < request.answers; ++i, ++at) {
      TokenRequest one = request;
      one.answers = 1;
      one.sampling.seed += static_cast<uint64_t>(i);
      expect_same(trial.answer(at), alone(*model, one));
      EXPECT_EQ(trial.answer(at).ids.size(), static_cast<size_t>(request.max_tokens));
    }
  }
  EXPECT_NE(trial.answer(0).ids, trial.answer(1).ids);
  EXPECT_EQ(trial.stats().prompt_tokens, 3 + 12 + 21 + 30 + 39);
  EXPECT_EQ(trial.stats().state_bytes, 0u);
}

// An encoder-decoder that has no memory for sources which begin with a certain token.
class FailingEncoder final : public model::Backbone {
 public:
  static constexpr int32_t kFails = 249;
  explicit FailingEncoder(std::unique_ptr<model::Backbone> inner) : inner_(std::move(inner)) {}
  model::Var forward(model::Context& context, const nn::Batch& batch) const override {
    return inner_->forward(context, batch);
  }
  model::Var encode(model::Context& context, const nn::Batch& source) const override {
    if (source.ids[0] == kFails) throw std::bad_alloc();
    return inner_->encode(context, source);
  }
  void remember(model::Context& context, const model::Var& memory, const nn::Batch& source) const override {
    inner_->remember(context, memory, source);
  }
  std::vector<nn::LayerState> states() const override { return inner_->states(); }

 private:
  std::unique_ptr<model::Backbone> inner_;
};

// Answers under way end with a pass that fails; nothing of them is left in the pass after it.
TEST(Scheduler, ASourceThatFailsLeavesNothingBehind) {
  auto model = tiny_encoder_decoder();
  model->backbone = std::make_unique<FailingEncoder>(std::move(model->backbone));
  Trial trial(*model);
  ASSERT_TRUE(trial.submit(request_of(5, 20, 1)).ok());
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(trial.step());
  ASSERT_TRUE(trial.submit(request_of(5, 20, FailingEncoder::kFails)).ok());
  trial.step();
  EXPECT_EQ(trial.answer(0).finish, FinishReason::kError);
  EXPECT_EQ(trial.answer(1).finish, FinishReason::kError);
  EXPECT_EQ(trial.stats().state_bytes, 0u);
  for (int32_t first : {2, 3}) ASSERT_TRUE(trial.submit(request_of(7, 12, first)).ok());
  trial.finish();
  for (size_t i : {2u, 3u}) expect_same(trial.answer(i), alone(*model, request_of(7, 12, static_cast<int32_t>(i))));
}

TEST(Scheduler, AnAnswerMustBeginWithATokenOfTheVocabulary) {
  for (int32_t start : {-1, 264}) {
    auto model = tiny_encoder_decoder();
    model->decoder_start_token_id = start;
    auto scheduler = Scheduler::create(*model);
    ASSERT_FALSE(scheduler.ok()) << start;
    EXPECT_NE(scheduler.error().to_string().find("decoder_start_token_id"), std::string::npos);
  }
}

TEST(Scheduler, ASourceThatThePoolCannotHoldIsRefused) {
  auto model = tiny_encoder_decoder();
  constexpr size_t kPair = 2 * kPageBytes * 2;  // a page of each slot: 32 wide, two layers, own keys and the source's
  Trial trial(*model, {.state_bytes = 2 * kPair});
  EXPECT_FALSE(trial.submit(request_of(200, 5)).ok());
  ASSERT_TRUE(trial.submit(request_of(60, 5)).ok());
  ASSERT_TRUE(trial.submit(request_of(60, 5)).ok());
  trial.finish();
  EXPECT_EQ(trial.answer(1).ids, trial.answer(0).ids);
}

}  // namespace
}  // namespace malmoi::infer
