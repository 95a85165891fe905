// Perplexity against a direct sum over one pass, whatever windows a text is read in; what cannot be scored.
#include "eval/perplexity.h"

#include <gtest/gtest.h>

#include <cmath>

#include "infer/sampling.h"
#include "infer/tiny_model.h"

namespace malmoi::eval {
namespace {

constexpr size_t kVocab = 264;

std::vector<int32_t> some_ids(int32_t n) {
  std::vector<int32_t> ids;
  for (int32_t i = 0; i < n; ++i) ids.push_back((31 * i + i * i + 5) % 250);
  return ids;
}

PerplexityMeter meter_of(const model::Model& model, const PerplexityOptions& options = {}) {
  auto meter = PerplexityMeter::create(model, nullptr, options);
  EXPECT_TRUE(meter.ok()) << meter.error().to_string();
  return *std::move(meter);
}

// -log p of targets first .. of a window, from a single pass.
double nats_of(const model::Model& model, std::span<const int32_t> window, size_t first) {
  auto session = *infer::Session::create(model);
  session->add({.ids = window}, static_cast<int64_t>(window.size()));
  std::span<const float> logits = *session->logits();
  double nats = 0;
  for (size_t i = first; i < window.size(); ++i) {
    std::span<const float> row = logits.subspan((i - 1) * kVocab, kVocab);
    nats += infer::log_sum_exp(row) - static_cast<double>(row[static_cast<size_t>(window[i])]);
  }
  return nats;
}

TEST(Perplexity, ATextWithinTheContextIsOneSum) {
  auto model = infer::tiny_model(512);
  std::vector<int32_t> ids = some_ids(300);  // read in three pieces
  PerplexityMeter meter = meter_of(*model);
  ASSERT_TRUE(meter.add_ids(ids, std::vector<uint32_t>(300, 3)).ok());
  EXPECT_EQ(meter.result().tokens, 299);
  EXPECT_NEAR(meter.result().nats, nats_of(*model, ids, 1), 1e-3);
  EXPECT_NEAR(meter.result().loss(), meter.result().nats / 299, 1e-12);
  EXPECT_NEAR(*meter.result().bits_per_byte(), meter.result().nats / (897 * std::log(2.0)), 1e-12);
}

TEST(Perplexity, WindowsOverlapByHalfAndScoreEachTokenOnce) {
  auto model = infer::tiny_model(512);
  std::vector<int32_t> ids = some_ids(50);
  std::span<const int32_t> all = ids;
  PerplexityMeter meter = meter_of(*model, {.window = 20});
  ASSERT_TRUE(meter.add_ids(ids, {}).ok());
  EXPECT_EQ(meter.result().tokens, 49);
  double want = nats_of(*model, all.first(20), 1) + nats_of(*model, all.subspan(10, 20), 10) +
                nats_of(*model, all.subspan(20, 20), 10) + nats_of(*model, all.subspan(30, 20), 10);
  EXPECT_NEAR(meter.result().nats, want, 1e-3);
}

TEST(Perplexity, LlamaCppScoresTheSecondHalfOfWindowsSideBySide) {
  auto model = infer::tiny_model(512);
  std::vector<int32_t> ids = some_ids(50);
  std::span<const int32_t> all = ids;
  PerplexityMeter meter = meter_of(*model, {.window = 20, .convention = Convention::kLlamaCpp});
  ASSERT_TRUE(meter.add_ids(ids, {}).ok());
  EXPECT_EQ(meter.result().tokens, 18);
  EXPECT_FALSE(meter.result().bits_per_byte().has_value()) << "of ids alone";
  EXPECT_NEAR(meter.result().nats, nats_of(*model, all.first(20), 11) + nats_of(*model, all.subspan(20, 20), 11), 1e-3);
}

tokenizer::Tokenizer tokenizer_of(const Json& json) {
  auto made = tokenizer::Tokenizer::from_json(dump_json(json));
  EXPECT_TRUE(made.ok()) << made.error().to_string();
  return *std::move(made);
}

// Nats and bytes of a text by one convention.
Perplexity measure(const model::Model& model, const tokenizer::Tokenizer& tokenizer, std::string_view text,
                   const PerplexityOptions& options = {}) {
  auto meter = PerplexityMeter::create(model, &tokenizer, options);
  EXPECT_TRUE(meter.ok() && meter->add_text(text).ok());
  return meter->result();
}

TEST(Perplexity, BytesAreThoseOfTheTokensThatAreScored) {
  auto model = infer::tiny_model(512);
  const tokenizer::Tokenizer bytes = tokenizer_of(*parse_json(infer::tiny_tokenizer_json(), ""));
  const std::string text = "fifty bytes of a text, and all of them are scored.";
  Perplexity strided = measure(*model, bytes, text, {.window = 20});
  EXPECT_EQ(strided.tokens, 49) << "nothing stands before the first";
  EXPECT_EQ(strided.bytes, 49u);
  Perplexity halves = measure(*model, bytes, text, {.window = 20, .convention = Convention::kLlamaCpp});
  EXPECT_EQ(halves.tokens, 18);
  EXPECT_EQ(halves.bytes, 18u);
  EXPECT_NEAR(*halves.bits_per_byte(), halves.nats / (18 * std::log(2.0)), 1e-12);
}

TEST(Perplexity, ATextBeginsAsDocumentsDoInTraining) {
  auto model = infer::tiny_model(512);
  Json json = *parse_json(infer::tiny_tokenizer_json(), "");
  constexpr int32_t kBegin = 257;
  Json begin = json["added_tokens"][0];
  begin["id"] = kBegin;
  begin["content"] = "<s>";
  json["added_tokens"].push_back(begin);
  const Json single = Json::array(
      {Json{{"SpecialToken", {{"id", "<s>"}, {"type_id", 0}}}}, Json{{"Sequence", {{"id", "A"}, {"type_id", 0}}}}});
  json["post_processor"] = {{"type", "TemplateProcessing"},
                            {"single", single},
                            {"pair", single},
                            {"special_tokens", {{"<s>", {{"id", "<s>"}, {"ids", {kBegin}}, {"tokens", {"<s>"}}}}}}};
  const Perplexity told = measure(*model, tokenizer_of(json), "abc");
  EXPECT_EQ(told.tokens, 3);
  EXPECT_EQ(told.bytes, 3u);
  EXPECT_NEAR(told.nats, nats_of(*model, std::vector<int32_t>{kBegin, 'a', 'b', 'c'}, 1), 1e-4);
}

TEST(Perplexity, CharactersThatTheVocabularyHasNotAreToldAndNotCounted) {
  auto model = infer::tiny_model(512);
  const tokenizer::Tokenizer characters = *tokenizer::Tokenizer::characters("ab");
  const Perplexity clean = measure(*model, characters, "abba"), strange = measure(*model, characters, "a한b글ba");
  EXPECT_EQ(strange.unknown_characters, 2u);
  EXPECT_EQ(strange.unknown_examples, "한글");
  EXPECT_EQ(strange.bytes, 3u);
  EXPECT_EQ(strange.bits_per_byte(), clean.bits_per_byte());
}

TEST(Perplexity, AWindowedAndARecurrentModelAreReadInPiecesToo) {
  for (auto& model : {infer::tiny_window_model(9), infer::tiny_recurrent_model()}) {
    std::vector<int32_t> ids = some_ids(200);
    PerplexityMeter meter = meter_of(*model);
    ASSERT_TRUE(meter.add_ids(ids, {}).ok());
    EXPECT_NEAR(meter.result().nats, nats_of(*model, ids, 1), 1e-2);
  }
}

TEST(Perplexity, IdsThatTheModelHasNotAreRefused) {
  auto model = infer::tiny_model();
  PerplexityMeter meter = meter_of(*model);
  for (int32_t unknown : {-1, static_cast<int32_t>(kVocab)}) {
    for (std::vector<int32_t> ids : {std::vector<int32_t>{unknown, 3}, {3, unknown}}) {  // read, or only predicted
      Status refused = meter.add_ids(ids, {});
      ASSERT_FALSE(refused.ok());
      EXPECT_NE(refused.error().what.find("outside the vocabulary"), std::string::npos);
    }
  }
  EXPECT_EQ(meter.result().tokens, 0);
  ASSERT_TRUE(meter.add_ids(std::vector<int32_t>{3, 4}, {}).ok());
}

TEST(Perplexity, AModelThatDoesNotGoOnWithATextIsRefused) {
  for (auto& model : {infer::tiny_encoder(), infer::tiny_encoder_decoder()}) {
    auto meter = PerplexityMeter::create(*model, nullptr, {});
    ASSERT_FALSE(meter.ok());
    EXPECT_EQ(meter.error().code, ErrorCode::kUsage);
  }
}

}  // namespace
}  // namespace malmoi::eval
