// Encoder-decoders in the scheduler: sources read at once, failures of the encoder, room for a source.
#include "infer/scheduler.h"

#include <gtest/gtest.h>

#include <new>

#include "infer/test_scheduler.h"

namespace malmoi::infer {
namespace {

TEST(Scheduler, AnEncoderDecoderAnswersItsSource) {
  auto model = tiny_encoder_decoder();
  std::vector<TokenRequest> requests;
  for (int32_t i = 0; i < 5; ++i) requests.push_back(request_of(3 + 9 * i, 12 + i, i));
  requests[2].answers = 3;
  Trial trial(*model, {.prefill_rows = 16});
  for (const TokenRequest& request : requests) ASSERT_TRUE(trial.submit(request).ok());
  trial.finish();
  expect_as_alone(trial, *model, requests);
  size_t at = 0;
  for (const TokenRequest& request : requests) {
    for (int64_t i = 0; i < request.answers; ++i)
      EXPECT_EQ(trial.answer(at++).ids.size(), static_cast<size_t>(request.max_tokens));
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
    auto scheduler = *Scheduler::create(*model);
    TokenRequest request{.prompt = {5, 6}, .max_tokens = 3, .sampling = {.temperature = 0}};
    Status refused = scheduler->check(request);
    ASSERT_FALSE(refused.ok()) << start;
    EXPECT_NE(refused.error().to_string().find("decoder_start_token_id"), std::string::npos);
    request.begin = {264};
    EXPECT_FALSE(scheduler->check(request).ok());
    request.begin = {0};
    EXPECT_TRUE(scheduler->check(request).ok()) << "it is told";
  }
}

TEST(Scheduler, AnAnswerThatIsToldHowItBeginsGoesOnFromThere) {
  auto model = tiny_encoder_decoder();
  auto answer = [&](std::vector<int32_t> begin) {
    auto scheduler = *Scheduler::create(*model);
    TokenRequest request{
        .prompt = {5, 6, 7}, .max_tokens = 6, .sampling = {.temperature = 0}, .begin = std::move(begin)};
    std::vector<int32_t> ids;
    EXPECT_TRUE(scheduler
                    ->submit(std::move(request),
                             [&](const Token& token) {
                               ids.push_back(token.id);
                               return true;
                             })
                    .ok());
    while (scheduler->step()) {
    }
    return ids;
  };
  const std::vector<int32_t> usual = answer({});
  EXPECT_EQ(answer({model->decoder_start_token_id}), usual);
  const std::vector<int32_t> later = answer({model->decoder_start_token_id, usual[0]});
  EXPECT_EQ(std::vector<int32_t>(later.begin(), later.end() - 1), std::vector<int32_t>(usual.begin() + 1, usual.end()));
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
