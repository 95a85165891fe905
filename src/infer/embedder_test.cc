// Texts as vectors: how rows are pooled, what a model gives, alone and beside answers, and the limits of a request.
#include "infer/embedder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "infer/encoder_provider.h"
#include "infer/engine.h"
#include "infer/provider.h"
#include "infer/tiny_model.h"

namespace malmoi::infer {
namespace {

void expect_row(const std::vector<float>& got, const std::vector<double>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(static_cast<double>(got[i]), want[i], 1e-6) << i;
}

TEST(PoolRows, HasLengthOneWhateverItIsMadeOf) {
  const std::vector<float> rows = {3, 0, 0, 0, 4, 0};  // two rows of three
  expect_row(pool_rows(rows, 3, TextPooling::kMean), {0.6, 0.8, 0});
  expect_row(pool_rows(rows, 3, TextPooling::kFirst), {1, 0, 0});
  expect_row(pool_rows(rows, 3, TextPooling::kLast), {0, 1, 0});
  expect_row(pool_rows(rows, 3, TextPooling::kMean, 1), {1});
  expect_row(pool_rows(std::vector<float>(3), 3, TextPooling::kMean), {0, 0, 0});
}

class EmbedderTest : public ::testing::Test {
 protected:
  void start(std::unique_ptr<model::Model> model) {
    model_ = std::move(model);
    tokenizer_ = std::make_unique<tokenizer::Tokenizer>(*tokenizer::Tokenizer::from_json(tiny_tokenizer_json()));
    auto engine = Engine::create(*model_, *tokenizer_);
    ASSERT_TRUE(engine.ok()) << engine.error().to_string();
    engine_ = *std::move(engine);
    provider_ = std::make_unique<EngineProvider>(
        *engine_, *tokenizer_, EngineProviderOptions{.model = {.name = "tiny"}, .stop_ids = {kTinyEnd}});
  }
  void SetUp() override { start(tiny_model(4096)); }

  static chat::EmbeddingRequest request(std::vector<std::string> texts) {
    chat::EmbeddingRequest request;
    for (std::string& text : texts) request.inputs.push_back({std::move(text)});
    return request;
  }
  std::vector<std::vector<float>> embed(const chat::EmbeddingRequest& request) {
    auto embeddings = provider_->embed(request);
    EXPECT_TRUE(embeddings.ok()) << embeddings.error().to_string();
    return embeddings.ok() ? embeddings->vectors : std::vector<std::vector<float>>(request.inputs.size());
  }

  std::unique_ptr<model::Model> model_;
  std::unique_ptr<tokenizer::Tokenizer> tokenizer_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<EngineProvider> provider_;
};

TEST_F(EmbedderTest, IsTheMeanOfTheLastHiddenStates) {
  auto session = *Session::create(*model_);
  const std::vector<int32_t> ids = {'h', 'e', 'l', 'l', 'o'};
  session->add({.ids = ids}, 0);
  const std::vector<float> rows = *session->hidden();
  const auto embeddings = provider_->embed(request({"hello"}));
  ASSERT_TRUE(embeddings.ok()) << embeddings.error().to_string();
  EXPECT_EQ(embeddings->tokens, 5);
  EXPECT_EQ(embeddings->vectors.at(0), pool_rows(rows, 32, TextPooling::kMean));
  chat::EmbeddingRequest as_ids;
  as_ids.inputs.push_back({ids});
  EXPECT_EQ(embed(as_ids), embeddings->vectors);
}

// To the bit: texts of many passes, and of one.
TEST_F(EmbedderTest, DoesNotDependOnWhatIsReadBeside) {
  std::vector<std::string> texts;
  for (size_t i = 1; i <= 60; ++i) texts.push_back(std::string(3 * i, static_cast<char>('a' + i % 26)) + "말");
  texts.push_back(std::string(3000, 'x'));
  const auto together = embed(request(texts));
  ASSERT_EQ(together.size(), texts.size());
  for (size_t i = 0; i < texts.size(); i += 15) EXPECT_EQ(embed(request({texts[i]})).at(0), together[i]) << i;
}

TEST_F(EmbedderTest, DimensionsAreTheFirstOnesScaledAgain) {
  const std::vector<float> whole = embed(request({"hello"})).at(0);
  ASSERT_EQ(whole.size(), 32u);
  chat::EmbeddingRequest cut = request({"hello"});
  cut.dimensions = 8;
  const std::vector<float> first = embed(cut).at(0);
  ASSERT_EQ(first.size(), 8u);
  double squares = 0;
  for (float x : first) squares += static_cast<double>(x) * static_cast<double>(x);
  EXPECT_NEAR(squares, 1, 1e-6);
  EXPECT_NEAR(first[0] / first[1], whole[0] / whole[1], 1e-4);
  cut.dimensions = 33;
  EXPECT_EQ(provider_->embed(cut).error().where, "dimensions");
}

TEST_F(EmbedderTest, SpecialTokensThatSomebodyWritesAreText) {
  EXPECT_EQ(provider_->embed(request({"<|endoftext|>"}))->tokens, 13);
}

TEST_F(EmbedderTest, WhatIsTooMuchIsRefusedByName) {
  auto where = [&](chat::EmbeddingRequest asked) {
    asked.field = "documents";
    const auto embeddings = provider_->embed(asked);
    EXPECT_FALSE(embeddings.ok());
    return embeddings.ok() ? "" : embeddings.error().where;
  };
  EXPECT_EQ(where(request({std::string(4097, 'a')})), "documents") << "longer than the context";
  EXPECT_EQ(where(request(std::vector<std::string>(chat::kMaxEmbeddingInputs + 1, "a"))), "documents");
  EXPECT_EQ(where(request(std::vector<std::string>(65, std::string(4090, 'a')))), "documents") << "all together";
  chat::EmbeddingRequest unknown;
  unknown.inputs.push_back({std::vector<int32_t>{264}});
  EXPECT_EQ(where(unknown), "documents");
  chat::EmbeddingRequest other = request({"a"});
  other.model = "other";
  EXPECT_FALSE(provider_->embed(other).ok());
}

TEST_F(EmbedderTest, AnEncoderDecoderGivesItsEncodersStates) {
  engine_.reset();
  start(tiny_encoder_decoder());
  const auto vectors = embed(request({"hello", "world"}));
  ASSERT_EQ(vectors.size(), 2u);
  EXPECT_EQ(vectors[0].size(), 32u);
  EXPECT_NE(vectors[0], vectors[1]);
}

// Passes stand between the steps of answers: neither knows of the other.
TEST_F(EmbedderTest, AnswersGoOnBesideIt) {
  auto ids_of_answer = [&](bool beside) {
    std::vector<int32_t> ids;
    std::promise<void> end;
    Request asked{{.prompt = {'h', 'i'}, .max_tokens = 200}};
    Status status = engine_->submit(asked, [&](const TokenEvent& event) {
      if (event.id >= 0) ids.push_back(event.id);
      if (event.finish != FinishReason::kNone) end.set_value();
      return true;
    });
    EXPECT_TRUE(status.ok());
    if (beside) {
      const auto alone = embed(request({"hello"}));
      std::vector<std::thread> threads;
      for (int i = 0; i < 3; ++i) threads.emplace_back([&] { EXPECT_EQ(embed(request({"hello"})), alone); });
      for (std::thread& thread : threads) thread.join();
    }
    end.get_future().wait();
    return ids;
  };
  EXPECT_EQ(ids_of_answer(true), ids_of_answer(false));
}

TEST(EncoderProvider, GivesEmbeddingsAndNoText) {
  const auto model = tiny_encoder();
  const auto tokenizer = *tokenizer::Tokenizer::from_json(tiny_tokenizer_json());
  EncoderProvider provider(*model, tokenizer, {.name = "encoder"},
                           {.pooling = TextPooling::kFirst, .query_prefix = "q: "});
  EXPECT_EQ(provider.info().context_length, 128);
  chat::EmbeddingRequest request;
  request.inputs = {{"hi"}, {"hi", chat::EmbeddingPurpose::kQuery}, {"q: hi"}};
  const auto embeddings = provider.embed(request);
  ASSERT_TRUE(embeddings.ok()) << embeddings.error().to_string();
  EXPECT_EQ(embeddings->tokens, 2 + 5 + 5);
  EXPECT_EQ(embeddings->vectors[1], embeddings->vectors[2]);
  EXPECT_NE(embeddings->vectors[0], embeddings->vectors[2]);
  auto session = *Session::create(*model);
  const std::vector<int32_t> ids = {'h', 'i'};
  session->add({.ids = ids}, 0);
  EXPECT_EQ(embeddings->vectors[0], pool_rows(*session->hidden(), 32, TextPooling::kFirst));
  EXPECT_FALSE(provider.prepare({.prompt = "a"}).ok());
  EXPECT_FALSE(provider.generate({.prompt = "a"}, [](const TokenEvent&) { return true; }).ok());
  EXPECT_EQ(provider.tokenize({.text = "hi"})->size(), 2u);
  provider.drain(0);
  EXPECT_EQ(provider.embed(request).error().code, ErrorCode::kCancelled);
}

TEST_F(EmbedderTest, AnEngineThatStopsTakesNoMorePasses) {
  provider_->drain(0);
  const auto refused = provider_->embed(request({"a"}));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kCancelled);
}

TEST_F(EmbedderTest, WhatWorkThrowsReachesWhoAskedForIt) {
  EXPECT_THROW((void)engine_->run([] { throw std::runtime_error("no paper"); }), std::runtime_error);
  EXPECT_EQ(embed(request({"a"})).size(), 1u) << "the engine goes on";
}

}  // namespace
}  // namespace malmoi::infer
