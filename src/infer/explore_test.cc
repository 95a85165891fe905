// A look into models through their providers: attention of every kind, gaps, labels with their reasons, and what is refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "base/json.h"
#include "infer/encoder_provider.h"
#include "infer/engine.h"
#include "infer/provider.h"
#include "infer/tiny_model.h"

namespace malmoi::infer {
namespace {

using chat::AttentionKind;
using Ids = std::vector<int32_t>;

constexpr int32_t kMask = 257;

// The tokenizer of bytes, with a mask.
tokenizer::Tokenizer tokenizer_with_mask() {
  Json json = *parse_json(tiny_tokenizer_json(), "tokenizer.json");
  Json mask = json["added_tokens"][0];
  mask["id"] = kMask;
  mask["content"] = "[MASK]";
  json["added_tokens"].push_back(mask);
  return *tokenizer::Tokenizer::from_json(dump_json(json));
}

class ExploreWriter : public ::testing::Test {
 protected:
  void start(std::unique_ptr<model::Model> model) {
    provider_.reset();
    engine_.reset();
    model_ = std::move(model);
    engine_ = *Engine::create(*model_, tokenizer_);
    provider_ = std::make_unique<EngineProvider>(
        *engine_, tokenizer_, EngineProviderOptions{.model = {.name = "tiny"}, .stop_ids = {kTinyEnd}});
  }
  void SetUp() override { start(tiny_model(1024)); }

  chat::Attention look(const chat::AttentionRequest& request) {
    auto shown = provider_->attention(request);
    EXPECT_TRUE(shown.ok()) << shown.error().to_string();
    return shown.ok() ? *shown : chat::Attention();
  }
  // The field at fault.
  std::string refused(const chat::AttentionRequest& request) {
    const auto shown = provider_->attention(request);
    EXPECT_FALSE(shown.ok());
    return shown.ok() ? "" : shown.error().where;
  }

  tokenizer::Tokenizer tokenizer_ = *tokenizer::Tokenizer::from_json(tiny_tokenizer_json());
  std::unique_ptr<model::Model> model_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<EngineProvider> provider_;
};

double sum_of(const std::vector<float>& row) { return std::accumulate(row.begin(), row.end(), 0.0); }

TEST_F(ExploreWriter, EachTokenLooksAtThoseBeforeIt) {
  const chat::Attention shown = look({.text = "hello", .layer = 1, .head = 2});
  EXPECT_EQ(shown.layers, 2);
  EXPECT_EQ(shown.heads, 4);
  EXPECT_EQ(shown.layer, 1);
  EXPECT_EQ(shown.kinds, std::vector{AttentionKind::kSelf});
  EXPECT_EQ(shown.attention_layers, (std::vector<int64_t>{0, 1}));
  ASSERT_EQ(shown.tokens.size(), 5u);
  EXPECT_EQ(shown.tokens[1].bytes, "e");
  EXPECT_TRUE(shown.source_tokens.empty());
  ASSERT_EQ(shown.weights.size(), 5u);
  for (size_t i = 0; i < 5; ++i) {
    ASSERT_EQ(shown.weights[i].size(), 5u);
    EXPECT_NEAR(sum_of(shown.weights[i]), 1, 1e-5);
    for (size_t j = i + 1; j < 5; ++j) EXPECT_EQ(shown.weights[i][j], 0.0f);
  }
  EXPECT_EQ(look({.text = Ids{'h', 'e', 'l', 'l', 'o'}, .layer = 1, .head = 2}).weights, shown.weights);
  EXPECT_EQ(look({.text = "hello"}).layer, 0) << "the first that has attention";
  EXPECT_EQ(look({.text = ""}).tokens.size(), 1u) << "the end of the text before";
}

TEST_F(ExploreWriter, KeysBehindTheWindowAreHidden) {
  start(tiny_window_model(4));
  const chat::Attention shown = look({.text = "abcdefgh"});
  EXPECT_EQ(shown.weights.at(7).at(3), 0.0f);
  EXPECT_GT(shown.weights.at(7).at(4), 0.0f);
}

TEST_F(ExploreWriter, WhatIsNotThereIsRefusedByName) {
  EXPECT_EQ(refused({.text = "a", .layer = 2}), "layer");
  EXPECT_EQ(refused({.text = "a", .head = 4}), "head");
  EXPECT_EQ(refused({.text = "a", .kind = AttentionKind::kCross}), "kind");
  EXPECT_EQ(refused({.text = "a", .source = "b"}), "source");
  EXPECT_EQ(refused({}), "text");
  EXPECT_EQ(refused({.text = Ids{}}), "ids");
  EXPECT_EQ(refused({.text = Ids{264}}), "ids") << "outside the vocabulary";
  EXPECT_EQ(refused({.text = Ids{-1}}), "ids");
  EXPECT_EQ(refused({.text = std::string(513, 'a')}), "text") << "longer than any that is shown";
  EXPECT_EQ(refused({.model = "other", .text = "a"}), "model");
  EXPECT_EQ(look({.text = std::string(512, 'a')}).weights.size(), 512u);
  EXPECT_FALSE(provider_->fill({.text = "a"}).ok());
  EXPECT_FALSE(provider_->classify({.text = "a"}).ok());
  engine_->drain(1);
  EXPECT_FALSE(provider_->attention({.text = "a"}).ok());
}

TEST_F(ExploreWriter, AModelWithoutAttentionSaysSo) {
  start(tiny_recurrent_model());
  EXPECT_EQ(refused({.text = "a"}), "model");
}

TEST_F(ExploreWriter, AnEncoderDecoderHasThreeKinds) {
  start(tiny_encoder_decoder());
  const chat::Attention cross = look({.text = "ab", .source = "hello", .kind = AttentionKind::kCross});
  EXPECT_EQ(cross.kinds.size(), 3u);
  ASSERT_EQ(cross.tokens.size(), 3u);
  EXPECT_EQ(cross.tokens[0].id, 0) << "answers begin with it";
  EXPECT_EQ(cross.source_tokens.size(), 5u);
  ASSERT_EQ(cross.weights.size(), 3u);
  for (const std::vector<float>& row : cross.weights) {
    EXPECT_EQ(row.size(), 5u);
    EXPECT_NEAR(sum_of(row), 1, 1e-5);
  }
  const chat::Attention self = look({.text = Ids{0, 'a', 'b'}, .source = "hello"});
  ASSERT_EQ(self.weights.size(), 3u);
  EXPECT_EQ(self.weights[0][1], 0.0f);
  const chat::Attention encoder = look({.source = Ids{'h', 'i'}, .kind = AttentionKind::kEncoder});
  EXPECT_TRUE(encoder.tokens.empty());
  ASSERT_EQ(encoder.weights.size(), 2u);
  EXPECT_GT(encoder.weights[0][1], 0.0f);
  EXPECT_EQ(look({.source = "hello"}).tokens.size(), 1u) << "nothing is written yet";
  EXPECT_EQ(refused({.text = "a"}), "source");
}

TEST(ExploreEncoder, LooksBothWays) {
  const auto model = tiny_encoder();
  const tokenizer::Tokenizer tokenizer = tokenizer_with_mask();
  const EncoderProvider provider(*model, tokenizer, {.name = "encoder"}, {});
  EXPECT_EQ(provider.info().architecture, model->model_type());
  EXPECT_EQ(provider.info().parameters, model->parameter_count());
  const auto shown = provider.attention({.text = "hello"});
  ASSERT_TRUE(shown.ok()) << shown.error().to_string();
  EXPECT_EQ(shown->weights.size(), 5u);
  EXPECT_GT(shown->weights[0][4], 0.0f);
  EXPECT_EQ(provider.attention({.text = std::string(129, 'a')}).error().where, "text") << "longer than its context";
}

TEST(ExploreEncoder, FillsGaps) {
  const auto model = tiny_encoder();
  const tokenizer::Tokenizer tokenizer = tokenizer_with_mask();
  EncoderProvider provider(*model, tokenizer, {.name = "encoder"}, {});
  const auto filled = provider.fill({.text = "a[MASK]c[MASK]"});
  ASSERT_TRUE(filled.ok()) << filled.error().to_string();
  EXPECT_EQ(filled->mask, "[MASK]");
  ASSERT_EQ(filled->gaps.size(), 2u);
  auto session = *Session::create(*model, {.row_invariant = false});
  const Ids ids = {'a', kMask, 'c', kMask};
  session->add({.ids = ids}, 4);
  const std::vector<float> logits = [&] {
    const std::span<const float> all = *session->logits();
    return std::vector<float>(all.begin(), all.end());
  }();
  for (size_t gap = 0; gap < 2; ++gap) {
    const auto& words = filled->gaps[gap];
    ASSERT_EQ(words.size(), 20u);
    const float* row = logits.data() + 264 * (2 * gap + 1);
    EXPECT_EQ(words[0].id, std::max_element(row, row + kTinyEnd) - row)
        << "special tokens and unused rows are no words";
    double all = 0;
    for (size_t id = 0; id < 264; ++id) all += std::exp(static_cast<double>(row[id]));
    for (size_t i = 0; i < words.size(); ++i) {
      EXPECT_NEAR(words[i].probability, std::exp(static_cast<double>(row[words[i].id])) / all, 1e-5);
      EXPECT_EQ(words[i].bytes, tokenizer.token_bytes(words[i].id));
      if (i > 0) {
        EXPECT_LE(words[i].probability, words[i - 1].probability);
      }
    }
  }
  EXPECT_EQ(provider.fill({.text = "abc"}).error().where, "text") << "there is no gap";
  EXPECT_EQ(provider.fill({.text = "[MASK]" + std::string(200, 'a')}).error().where, "text");
  EXPECT_EQ(provider.classify({.text = "a"}).error().where, "model");
  const auto plain = *tokenizer::Tokenizer::from_json(tiny_tokenizer_json());
  EXPECT_EQ(EncoderProvider(*model, plain, {}, {}).fill({.text = "a"}).error().where, "tokenizer");
  provider.drain(0);
  EXPECT_FALSE(provider.fill({.text = "a[MASK]"}).ok());
}

TEST(ExploreEncoder, TellsLabelsAndWhatEachTokenAdds) {
  const auto model = tiny_encoder(model::Task::kClassification);
  const tokenizer::Tokenizer tokenizer = tokenizer_with_mask();
  const EncoderProvider provider(*model, tokenizer, {.name = "encoder"}, {});
  const auto said = provider.classify({.text = "good"});
  ASSERT_TRUE(said.ok()) << said.error().to_string();
  ASSERT_EQ(said->labels.size(), 3u);
  EXPECT_EQ(said->labels[2].name, "good");
  double sum = 0;
  for (const auto& label : said->labels) sum += label.probability;
  EXPECT_NEAR(sum, 1, 1e-6);
  EXPECT_EQ(std::ranges::max_element(said->labels, {}, &chat::ClassifiedText::Label::probability)->name, said->chosen);
  EXPECT_FALSE(said->held);
  ASSERT_TRUE(said->explanation);
  ASSERT_EQ(said->explanation->tokens.size(), 4u);
  EXPECT_EQ(said->explanation->tokens[3].token.bytes, "d");
  double shares = 0;
  for (const auto& one : said->explanation->tokens) shares += one.share;
  EXPECT_NEAR(shares, said->explanation->difference, said->explanation->gap + 1e-9);
  EXPECT_EQ(provider.classify({.text = "good"})->explanation->difference, said->explanation->difference)
      << "the model is as it was";
  EXPECT_EQ(provider.classify({.text = std::string(200, 'a')}).error().where, "text") << "it is not cut";
  EXPECT_EQ(provider.classify({.text = ""}).error().where, "text");
  EXPECT_EQ(provider.fill({.text = "[MASK]"}).error().where, "model");
  EXPECT_TRUE(provider.attention({.text = "good"}).ok());
}

}  // namespace
}  // namespace malmoi::infer
