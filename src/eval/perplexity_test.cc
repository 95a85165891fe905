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
  ASSERT_TRUE(meter.add_ids(ids, 900).ok());
  EXPECT_EQ(meter.result().tokens, 299);
  EXPECT_NEAR(meter.result().nats, nats_of(*model, ids, 1), 1e-3);
  EXPECT_NEAR(meter.result().loss(), meter.result().nats / 299, 1e-12);
  EXPECT_NEAR(meter.result().bits_per_byte(), meter.result().nats / (900 * std::log(2.0)), 1e-12);
}

TEST(Perplexity, WindowsOverlapByHalfAndScoreEachTokenOnce) {
  auto model = infer::tiny_model(512);
  std::vector<int32_t> ids = some_ids(50);
  std::span<const int32_t> all = ids;
  PerplexityMeter meter = meter_of(*model, {.window = 20});
  ASSERT_TRUE(meter.add_ids(ids, 0).ok());
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
  ASSERT_TRUE(meter.add_ids(ids, 0).ok());
  EXPECT_EQ(meter.result().tokens, 18);
  EXPECT_NEAR(meter.result().nats, nats_of(*model, all.first(20), 11) + nats_of(*model, all.subspan(20, 20), 11), 1e-3);
}

TEST(Perplexity, AWindowedAndARecurrentModelAreReadInPiecesToo) {
  for (auto& model : {infer::tiny_window_model(9), infer::tiny_recurrent_model()}) {
    std::vector<int32_t> ids = some_ids(200);
    PerplexityMeter meter = meter_of(*model);
    ASSERT_TRUE(meter.add_ids(ids, 0).ok());
    EXPECT_NEAR(meter.result().nats, nats_of(*model, ids, 1), 1e-2);
  }
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
