// Tests of comparisons: sizes that are equal, recipes that are wrong, recall sequences, and a whole one of seconds.
#include "app/compare/compare.h"

#include <gmock/gmock.h>

#include <set>

#include "app/compare/sizes.h"
#include "app/train/small_run.h"

namespace malmoi::app {
namespace {

using testing::HasSubstr;

TEST(Sizes, EveryRecurrenceAndTheTransformerCanBeMadeEqual) {
  for (const char* name : {"llama", "gpt2", "lstm", "gru", "mamba", "mamba2", "rwkv"}) {
    Json model = {{"architecture", name}};
    model[std::string(name) == "lstm" || std::string(name) == "gru" ? "num_layers" : "num_hidden_layers"] = 2;
    auto sized = fit_size(model, 500, 128, 600'000, 0.1, false, name);
    ASSERT_TRUE(sized.ok()) << sized.error().to_string();
    EXPECT_NEAR(static_cast<double>(sized->parameters), 600'000, 60'000) << name;
  }
}

TEST(Sizes, WhatCannotBeMadeEqualIsSaid) {
  auto fixed = fit_size({{"architecture", "llama"}, {"num_hidden_layers", 2}, {"hidden_size", 64}}, 500, 128,
                        10'000'000, 0.05, false, "Small");
  EXPECT_THAT(fixed.error().to_string(), AllOf(HasSubstr("Small: has "), HasSubstr("leave hidden_size out")));
  auto unknown = fit_size({{"architecture", "llama"}, {"trick", 2}}, 500, 128, 100'000, 0.05, false, "x");
  EXPECT_FALSE(unknown.ok());
}

TEST(Recall, WhatIsAskedStoodBefore) {
  const RecallConfig config{.length = 64, .keys = 16};
  std::set<int32_t> distances;
  for (uint64_t n = 0; n < 50; ++n) {
    const RecallSequence sequence = recall_sequence(config, 0, n);
    ASSERT_EQ(sequence.ids.size(), 64u);
    for (size_t pair = 0; pair < sequence.distances.size(); ++pair) {
      const int32_t key = sequence.ids[2 * pair], value = sequence.ids[2 * pair + 1],
                    distance = sequence.distances[pair];
      EXPECT_LT(key, 16);
      EXPECT_GE(value, 16);
      EXPECT_LT(value, 32);
      distances.insert(distance);
      if (distance == 0) {
        for (size_t before = 0; before < pair; ++before) EXPECT_NE(sequence.ids[2 * before], key) << "it is new";
        continue;
      }
      const size_t there = 2 * pair - static_cast<size_t>(distance);
      EXPECT_EQ(sequence.ids[there], key);
      EXPECT_EQ(sequence.ids[there + 1], value) << "a key keeps its value";
    }
  }
  EXPECT_TRUE(distances.contains(2));
  EXPECT_GT(*distances.rbegin(), 16);
  EXPECT_NE(recall_sequence(config, 0, 1).ids, recall_sequence(config, 1, 1).ids) << "tests are not trained on";
}

class SmallComparison : public SmallRun {
 protected:
  void SetUp() override {
    SmallRun::SetUp();
    document_.root = {
        {"parameters", 20'000},
        {"tolerance", 0.3},
        {"tokenizer", {{"type", "char"}}},
        {"data", {{"train", {(folder_ / "text.txt").string()}}, {"valid_fraction", 0.2}, {"sequence_length", 16}}},
        {"train", {{"steps", 3}, {"batch_size", 2}, {"dtype", "f32"}}},
        {"models",
         {{{"name", "T"}, {"model", {{"architecture", "llama"}, {"num_hidden_layers", 1}}}},
          {{"name", "L"}, {"model", {{"architecture", "lstm"}, {"num_layers", 1}}}}}},
        {"contexts", {4, 32}},
        {"out", (folder_ / "compared").string()}};
  }
};

TEST_F(SmallComparison, LeavesAReportAndTrainsOnlyWhatChanged) {
  auto report = compare(document_, job_);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  ASSERT_EQ(report->models.size(), 2u);
  for (const ComparedResult& result : report->models) {
    EXPECT_EQ(result.steps, 3);
    EXPECT_EQ(result.curves.step.size(), 3u);
    ASSERT_EQ(result.contexts.size(), 2u);
    EXPECT_GT(result.contexts[0].seconds_per_token, 0);
  }
  EXPECT_GT(report->models[0].contexts[1].state_bytes, 0u);
  EXPECT_EQ(report->models[1].contexts[0].state_bytes, report->models[1].contexts[1].state_bytes)
      << "a state of one size";
  EXPECT_THAT(*read_file(folder_ / "compared" / "report.html"), HasSubstr("\"architecture\":\"lstm\""));
  messages_.clear();
  ASSERT_TRUE(compare(document_, job_).ok());
  EXPECT_EQ(std::count_if(messages_.begin(), messages_.end(),
                          [](const std::string& line) { return line.ends_with(": as before"); }),
            2);
  messages_.clear();
  ASSERT_TRUE(write_file(folder_ / "text.txt", *read_file(folder_ / "text.txt") + "One more line.\n").ok());
  ASSERT_TRUE(compare(document_, job_).ok());
  EXPECT_THAT(messages_, testing::Not(testing::Contains(HasSubstr(": as before")))) << "the text is another";
}

TEST_F(SmallComparison, AWrongRecipeIsNamed) {
  auto told = [&](const char* key, Json value) {
    ConfigDocument document = document_;
    document.root[key] = std::move(value);
    auto report = compare(document, job_);
    return report.ok() ? "accepted" : report.error().to_string();
  };
  EXPECT_THAT(told("models", Json::array()), HasSubstr("must list two or more"));
  EXPECT_THAT(told("models", {{{"model", {{"architecture", "llama"}}}}, {{"model", {{"architecture", "llama"}}}}}),
              HasSubstr("'llama' stands twice"));
  EXPECT_THAT(told("models", {{{"name", "../x"}, {"model", {{"architecture", "llama"}}}}, {{"name", "b"}}}),
              HasSubstr("is no name of a folder"));
  EXPECT_THAT(told("contexts", {0}), HasSubstr("contexts"));
  EXPECT_THAT(told("recall", {{"length", 63}}), HasSubstr("odd"));
  EXPECT_THAT(told("paramters", 3), HasSubstr("paramters"));
  EXPECT_THAT(told("tolerance", 0.001), HasSubstr("raise tolerance"));
  EXPECT_THAT(told("parameters", nullptr), HasSubstr("parameters"));
}

}  // namespace
}  // namespace malmoi::app
