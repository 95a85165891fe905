// Tests of the rules by which tune chooses, and of the file that it writes.
#include "app/tune/rules.h"

#include <gmock/gmock.h>

#include "app/train/planner.h"
#include "app/tune/draft.h"
#include "base/config.h"

namespace malmoi::app {
namespace {

using testing::ElementsAre;

std::vector<double> spread_places(size_t n) {
  std::vector<double> places;
  for (size_t i = 0; i < n; ++i) places.push_back((static_cast<double>(i) + 0.5) / static_cast<double>(n));
  return places;
}

TEST(TuneRules, ATwentiethIsHeldOutWithinBounds) {
  EXPECT_EQ(choose_held_out(spread_places(2000)).rows, 100u);
  EXPECT_NEAR(choose_held_out(spread_places(2000)).fraction, 0.05, 1e-9);
  EXPECT_EQ(choose_held_out(spread_places(40)).rows, 8u) << "a fifth";
  EXPECT_EQ(choose_held_out(spread_places(200)).rows, 20u);
  EXPECT_EQ(choose_held_out(spread_places(100'000)).rows, 500u) << "enough to judge by";
}

TEST(TuneRules, EqualTextsAreHeldOutTogetherOrNotAtAll) {
  std::vector<double> places(60, 0.01);  // most rows begin alike, and would all be held out
  for (int i = 0; i < 60; ++i) places.push_back(0.5);
  const HeldOutShare half = choose_held_out(places);
  EXPECT_EQ(half.rows, 60u);
  EXPECT_GT(half.fraction, 0.01);
  EXPECT_LT(half.fraction, 0.5);
  EXPECT_EQ(choose_held_out(std::vector<double>(50, 0.3)).fraction, 0);
  EXPECT_EQ(choose_held_out({}).fraction, 0);
  EXPECT_EQ(choose_held_out(spread_places(100), 0.03).rows, 3u) << "not a label's only row";
}

TEST(TuneRules, EpochsAndBatchesFollowFromTheRows) {
  EXPECT_EQ(choose_epochs(500, false), 3);
  EXPECT_EQ(choose_epochs(5000, false), 2);
  EXPECT_EQ(choose_epochs(50'000, false), 1);
  EXPECT_EQ(choose_epochs(5000, true), 3);
  EXPECT_EQ(choose_rows_per_step(100, 3, 4, 16), 4);
  EXPECT_EQ(choose_rows_per_step(300, 3, 4, 16), 8);
  EXPECT_EQ(choose_rows_per_step(1'000'000, 1, 4, 16), 16);
}

TEST(TuneRules, RowsAreAsLongAsNearlyAllOfThem) {
  std::vector<int64_t> lengths(1000, 100);
  RowLength all = choose_length(lengths, 2048, false);
  EXPECT_EQ(all.tokens, 104);
  EXPECT_EQ(all.cut, 0u);
  EXPECT_EQ(choose_length(lengths, 2048, true).tokens, 256) << "several are packed together";
  EXPECT_EQ(choose_length(lengths, 64, true).tokens, 64) << "the model's positions";
  lengths[7] = 3000;
  RowLength most = choose_length(lengths, 2048, false);
  EXPECT_EQ(most.tokens, 104);
  EXPECT_EQ(most.cut, 1u);
  EXPECT_EQ(most.longest, 3000);
}

TEST(TuneRules, RatesOfAdaptersAreTenTimesThoseOfAllWeights) {
  constexpr int64_t kLarge = 1'000'000'000, kTiny = 1'000'000;
  EXPECT_EQ(choose_rate("sft", false, kLarge, 1000), 2e-5);
  EXPECT_EQ(choose_rate("sft", true, kLarge, 1000), 2e-4);
  EXPECT_EQ(choose_rate("sft", true, kLarge, 50), 3e-4) << "a short run takes more";
  EXPECT_EQ(choose_rate("sft", false, kTiny, 1000), 5e-5);
  EXPECT_EQ(choose_rate("dpo", true, kLarge, 50), 5e-6);
  EXPECT_EQ(choose_rate("orpo", true, kLarge, 1000), 5e-6);
  EXPECT_EQ(choose_rate("kto", true, kLarge, 1000), 5e-6);
  EXPECT_EQ(choose_rate("seq2seq", false, kLarge, 1000), 5e-5);
  EXPECT_EQ(scale_of_scores(4.8), 5);
  EXPECT_EQ(scale_of_scores(0.9), 1);
  EXPECT_EQ(scale_of_scores(250), 250);
}

TEST(TuneRules, WaysFollowFromTheSizeAndWhatWasAsked) {
  constexpr int64_t kLarge = 1'000'000'000, kTiny = 1'000'000;
  EXPECT_THAT(choose_ways("sft", kTiny, Json::object()).names, ElementsAre(kFullWay, kLoraWay, kQloraWay));
  EXPECT_THAT(choose_ways("sft", kLarge, Json::object()).names, ElementsAre(kLoraWay, kQloraWay));
  EXPECT_THAT(choose_ways("dpo", kTiny, Json::object()).names, ElementsAre(kLoraWay, kQloraWay));
  EXPECT_THAT(choose_ways("orpo", kTiny, Json::object()).names, ElementsAre(kFullWay, kLoraWay, kQloraWay))
      << "no reference is asked";
  EXPECT_THAT(choose_ways("classification", kLarge, Json::object()).names, ElementsAre(kFullWay));
  EXPECT_THAT(choose_ways("sft", kLarge, {{"adapter", nullptr}}).names, ElementsAre(kFullWay));
  EXPECT_THAT(choose_ways("sft", kTiny, {{"adapter", {{"r", 8}}}}).names, ElementsAre(kLoraWay, kQloraWay));
  EXPECT_THAT(choose_ways("sft", kLarge, {{"model", {{"quantize", {{"type", "q4_k"}}}}}}).names,
              ElementsAre(kQloraWay));
  EXPECT_THAT(choose_ways("sft", kLarge, {{"model", {{"quantize", nullptr}}}}).names, ElementsAre(kLoraWay));
}

TEST(TuneFile, IsReadBackAsItWasWritten) {
  const Json root = {{"objective", {{"name", "sft"}, {"class_weights", {{"so: so", 2.0}, {"true", 1}}}}},
                     {"data", {{"train", {"/a b/#x.jsonl", "c\"d"}}, {"columns", Json::object()}}},
                     {"train", {{"lr", 2e-5}, {"epochs", 3.0}, {"eval_first", true}, {"betas", {0.9, 0.999}}}},
                     {"out", "3"}};
  const std::string text = yaml_text(root, {"first: why", "second\nline: no key"});
  auto read = parse_config(text, "tune.yaml");
  ASSERT_TRUE(read.ok()) << read.error().to_string() << "\n" << text;
  EXPECT_EQ(read->root, root) << text;
}

}  // namespace
}  // namespace malmoi::app
