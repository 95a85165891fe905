// The scheduler step by step: answers that share a prompt, probabilities of prompts, ends that nobody asked for.
#include "infer/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "base/log.h"
#include "base/mapped_files.h"
#include "base/test_folder.h"
#include "formats/tensor_source.h"
#include "infer/test_scheduler.h"

namespace malmoi::infer {
namespace {

// Weights in a file, of which nobody reads any.
class OneFile : public formats::WeightSource {
 public:
  explicit OneFile(const Path& path) : path_(path) {
    EXPECT_TRUE(write_file(path, std::string(1 << 16, 'x')).ok());
    auto file = MappedFile::open(path);
    EXPECT_TRUE(file.ok());
    if (file.ok()) file_ = *std::move(file);
  }
  const formats::StoredTensor* find(std::string_view) const override { return nullptr; }
  std::span<const formats::StoredTensor> tensors() const override { return {}; }
  const Path& path() const override { return path_; }
  Status check_files() const override { return file_.check(); }
  char at(size_t i) const { return static_cast<char>(file_.bytes()[i]); }

 private:
  Path path_;
  MappedFile file_;
};

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

// Where long texts are rotated otherwise: each token is that of a pass over the whole text before it.
TEST(Scheduler, ATextThatBecomesLongIsReadAgain) {
  auto model = tiny_longrope_model(32);
  TokenRequest request = request_of(20, 30);
  request.sampling.temperature = 0;
  auto session = *Session::create(*model);
  for (int64_t rows : {64, 7}) {
    TrialAnswer answer = alone(*model, request, {.prefill_rows = rows});
    ASSERT_EQ(answer.ids.size(), 30u);
    std::vector<int32_t> text = request.prompt;
    for (int32_t id : answer.ids) {
      session->add({.ids = text}, 1);
      std::span<const float> logits = *session->logits();
      EXPECT_EQ(id, std::max_element(logits.begin(), logits.end()) - logits.begin()) << text.size();
      text.push_back(id);
    }
  }
}

TEST(Scheduler, ShortAndLongTextsAreRotatedBesideEachOther) {
  auto model = tiny_longrope_model(32);
  SchedulerOptions options{.prefill_rows = 16};
  Trial trial(*model, options);
  std::vector<TokenRequest> requests;
  for (int64_t length : {5, 50, 30, 32, 33}) requests.push_back(request_of(length, 20, static_cast<int32_t>(length)));
  requests[2].answers = 3;
  for (const TokenRequest& request : requests) ASSERT_TRUE(trial.submit(request).ok());
  trial.finish();
  expect_as_alone(trial, *model, requests, options);
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
  auto model = tiny_model(4096), other_model = tiny_model(4096, 8);
  auto file = std::make_shared<OneFile>(test_folder("lost_weights") / "weights");
  model->keep_files(file);
  Trial trial(*model), other(*other_model);
  ASSERT_TRUE(trial.submit(request_of(5, 100)).ok());
  ASSERT_TRUE(other.submit(request_of(5, 100)).ok());
  ASSERT_TRUE(trial.step());
  ASSERT_TRUE(other.step());
  std::filesystem::resize_file(file->path(), 10);
  EXPECT_EQ(file->at(1 << 15), 0);  // as a product would read it
  EXPECT_FALSE(trial.step());
  EXPECT_EQ(trial.answer(0).finish, FinishReason::kError);
  const Status refused = trial.submit(request_of(5, 1));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().where, file->path().string());
  // What is not of this model goes on.
  ASSERT_TRUE(other.step());
  other.finish();
  EXPECT_EQ(other.answer(0).finish, FinishReason::kLength);
  EXPECT_TRUE(other.submit(request_of(5, 1)).ok());
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
  expect_as_alone(trial, *model, {&request, 1});
}

TEST(Scheduler, HowLongARequestWaitedIsToldWithItsTokens) {
  auto model = tiny_model(4096);
  auto scheduler = Scheduler::create(*model, {.max_running = 1});
  ASSERT_TRUE(scheduler.ok());
  double waited[3] = {};
  TokenRequest request = request_of(8, 4);
  for (double& told : waited) {
    if (&told == &waited[2]) request.came = monotonic_seconds() - 100;  // it has waited elsewhere
    ASSERT_TRUE((*scheduler)->submit(request, [&told](const Token& token) { return told = token.waited, true; }).ok());
  }
  while ((*scheduler)->step()) {
  }
  EXPECT_GE(waited[0], 0);
  EXPECT_GT(waited[1], waited[0]) << "for the one before it";
  EXPECT_GE(waited[2], 100);
  EXPECT_LT(waited[2], 200);
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

TEST(Scheduler, ARecurrenceIsAnAnswersOwn) {
  auto model = tiny_recurrent_model();
  std::vector<TokenRequest> requests;
  for (int32_t i = 0; i < 4; ++i) requests.push_back(request_of(5 + 20 * i, 20 + i, i));
  requests[3].answers = 3;
  SchedulerOptions options{.prefill_rows = 16};
  Trial trial(*model, options);
  for (const TokenRequest& request : requests) ASSERT_TRUE(trial.submit(request).ok());
  trial.finish();
  expect_as_alone(trial, *model, requests, options);
  // Room for two states: the third answer waits, then reads the prompt itself.
  constexpr size_t kState = 2 * sizeof(float) * ((4 - 1) * (64 + 2 * 16) + 64 * 8);  // of two layers
  options.state_bytes = 2 * kState;
  Trial poor(*model, options);
  ASSERT_TRUE(poor.submit(requests[3]).ok());
  poor.finish();
  for (size_t i = 0; i < 3; ++i) expect_same(poor.answer(i), trial.answer(3 + i));
}

}  // namespace
}  // namespace malmoi::infer
