// Walks the table of rewards; configurations, weights, sums, failures, and the rewards that need nothing but the answer.
#include "reward/reward_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/test_folder.h"
#include "reward/test_reward.h"

namespace malmoi::reward {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

// The least that each type is configured by; the walk fails for a type without a line here.
const std::map<std::string, std::string>& least_options() {
  static const std::map<std::string, std::string> options = {{"exact", ""},
                                                             {"contains", ""},
                                                             {"regex", ", pattern: a"},
                                                             {"json_schema", ", schema: {type: object}"},
                                                             {"number", ""},
                                                             {"length", ", most: 5"},
                                                             {"unit_tests", ""},
                                                             {"program", ", command: [cat]"},
                                                             {"model", ", model: judge"}};
  return options;
}

TEST(Rewards, EveryTypeIsReadAndRefusesKeysThatItDoesNotKnow) {
  for (const RewardEntry* entry : reward_table()) {
    const std::string type(entry->type);
    SCOPED_TRACE(type);
    ASSERT_TRUE(least_options().contains(type)) << "a new type needs a line in this test";
    EXPECT_FALSE(entry->summary.empty());
    EXPECT_EQ(find_reward(type), entry);
    const std::string options = least_options().at(type);
    EXPECT_EQ(error_of_rewards("[{type: " + type + options + "}]"), "");
    EXPECT_THAT(error_of_rewards("[{type: " + type + options + ", wieght: 2}]"), HasSubstr("did you mean 'weight'?"));
  }
  EXPECT_EQ(find_reward("beauty"), nullptr);
}

TEST(Rewards, WhatIsWrongIsNamedWithItsPlace) {
  EXPECT_THAT(error_of_rewards("[]"), HasSubstr("test.yaml:1: rewards: a list of rewards was expected"));
  EXPECT_THAT(error_of_rewards("5"), HasSubstr("a list of rewards was expected"));
  EXPECT_THAT(error_of_rewards("[5]"), HasSubstr("rewards[0]"));
  EXPECT_THAT(error_of_rewards("[{type: exact}, {type: beauty}]"), HasSubstr("rewards[1].type"));
  EXPECT_THAT(error_of_rewards("[{type: beauty}]"), HasSubstr("exact, contains, regex, json_schema, number"));
  EXPECT_THAT(error_of_rewards("[{column: a}]"), HasSubstr("without a type"));
  EXPECT_THAT(error_of_rewards("[{type: exact}, {type: exact}]"), HasSubstr("a name of its own"));
  EXPECT_THAT(error_of_rewards("[{type: exact, name: A-b}]"), HasSubstr("is no name"));
  for (const char* other : {"std", "exact_failed"})
    EXPECT_THAT(error_of_rewards("[{type: exact, name: " + std::string(other) + "}]"), HasSubstr("of another figure"));
  EXPECT_THAT(error_of_rewards("[{type: number, tolerance: -1}]"), HasSubstr("rewards[0].tolerance"));
  EXPECT_THAT(error_of_rewards("[{type: regex}]"), HasSubstr("either a pattern or a column"));
  EXPECT_THAT(error_of_rewards("[{type: regex, pattern: '('}]"), HasSubstr("offset 1"));
  EXPECT_THAT(error_of_rewards("[{type: json_schema}]"), HasSubstr("one of schema, file and column"));
  EXPECT_THAT(error_of_rewards("[{type: json_schema, schema: {type: text}}]"), HasSubstr("unknown type"));
  EXPECT_THAT(error_of_rewards("[{type: json_schema, file: /no/such/file}]"), HasSubstr("/no/such/file"));
  EXPECT_THAT(error_of_rewards("[{type: contains, column: ''}]"), HasSubstr("no text is named"));
  EXPECT_THAT(error_of_rewards("[{type: length}]"), HasSubstr("no length is named"));
  EXPECT_THAT(error_of_rewards("[{type: length, least: 5, most: 2}]"), HasSubstr("more than most"));
  EXPECT_THAT(error_of_rewards("[{type: program}]"), HasSubstr("no program is named"));
  EXPECT_THAT(error_of_rewards("[{type: unit_tests, command: [python3]}]"), HasSubstr("whole path"));
  EXPECT_THAT(error_of_rewards("[{type: unit_tests, file: ../x}]"), HasSubstr("plain name"));
}

TEST(Rewards, TheTotalIsTheWeightedSum) {
  RewardTester rewards(
      "[{type: number, weight: 2}, {type: length, most: 4, slope: 0.25}, {type: contains, name: sorry, texts: [sorry], "
      "weight: -0.5}]");
  const BatchRewards judged =
      rewards.judge({{"4", {{"answer", 4}}}, {"so: 4", {{"answer", 4}}}, {"sorry, 5", {{"answer", 4}}}});
  EXPECT_THAT(judged.totals, ElementsAre(3, 2.75, -0.5));
  ASSERT_EQ(judged.parts.size(), 3u);
  EXPECT_THAT(judged.parts[0].rewards, ElementsAre(1, 1, 0));
  EXPECT_THAT(judged.parts[1].rewards, ElementsAre(1, 0.75, 0));
  EXPECT_THAT(judged.figures(), ElementsAre(Pair("reward", 1.75), Pair("reward_number", testing::DoubleEq(2.0 / 3)),
                                            Pair("reward_length", testing::DoubleEq(1.75 / 3)),
                                            Pair("reward_sorry", testing::DoubleEq(1.0 / 3))));
  EXPECT_TRUE(rewards.warnings.empty());
  EXPECT_TRUE(rewards.judge({}).totals.empty());
}

TEST(Rewards, WhatCannotBeJudgedIsCountedSaidAndRewardedAsConfigured) {
  RewardTester rewards("[{type: exact, failed_reward: -1, weight: 3}]");
  std::vector<Answer> answers(12, Answer{"4", {{"answer", "4"}}});
  for (size_t i = 0; i < 11; ++i) answers[i].row = {{"other", 1}};
  const BatchRewards judged = rewards.judge(answers);
  EXPECT_EQ(judged.totals[0], -3);
  EXPECT_EQ(judged.totals[11], 3);
  EXPECT_EQ(judged.parts[0].failed(), 11);
  EXPECT_THAT(judged.parts[0].failures[0], HasSubstr("column 'answer' is not there"));
  EXPECT_THAT(judged.figures().back(), Pair("reward_exact_failed", 11));
  ASSERT_EQ(rewards.warnings.size(), 4u) << "three one by one, then their number";
  EXPECT_THAT(rewards.warnings[0], HasSubstr("the prompt"));
  EXPECT_THAT(rewards.warnings[3], HasSubstr("10 answers could not be judged"));
  EXPECT_THAT(rewards.set().failures(), ElementsAre(Pair("exact", 11)));
  EXPECT_THAT(rewards.set().check_row({{"other", 1}}).error().to_string(), HasSubstr("reward exact"));
  EXPECT_TRUE(rewards.set().check_row({{"answer", 1}}).ok());
}

TEST(Rewards, WhatComesAfterAMarkAloneIsJudged) {
  RewardTester rewards("[{type: exact, after: '</think>'}]");
  const Json row = {{"answer", "4"}};
  EXPECT_EQ(rewards.reward("<think>5</think> 4", row), 1);
  EXPECT_EQ(rewards.reward("<think></think>5</think>4", row), 1);
  EXPECT_EQ(rewards.reward("4", row), 0) << "the thought did not end";
}

TEST(Rewards, AStopEndsTheBatch) {
  RewardTester rewards("[{type: exact}]");
  rewards.stop.request();
  EXPECT_EQ(rewards.reward("4", {{"answer", "4"}}), -100);
  EXPECT_THAT(rewards.error, HasSubstr("stopped"));
}

TEST(Rewards, Exact) {
  RewardTester plain("[{type: exact}]"), loose("[{type: exact, column: a, part: marked, ignore_case: true}]");
  EXPECT_EQ(plain.reward(" 서울  시\n", {{"answer", "서울 시"}}), 1);
  EXPECT_EQ(plain.reward("Seoul", {{"answer", "seoul"}}), 0);
  EXPECT_EQ(plain.reward("b", {{"answer", {"a", "b"}}}), 1);
  EXPECT_EQ(plain.reward("3", {{"answer", 3}}), 1);
  EXPECT_EQ(loose.reward("it is \\boxed{Seoul}", {{"a", "seoul"}}), 1);
  EXPECT_EQ(loose.reward("it is Seoul", {{"a", "seoul"}}), 0);
}

TEST(Rewards, Contains) {
  RewardTester all("[{type: contains}]"), none("[{type: contains, texts: [bad, ugly], wanted: false}]"),
      share("[{type: contains, column: words, share: true, ignore_case: true}]");
  EXPECT_EQ(all.reward("a and b", {{"answer", {"a", "b"}}}), 1);
  EXPECT_EQ(all.reward("a alone", {{"answer", {"a", "b"}}}), 0);
  EXPECT_EQ(none.reward("good"), 1);
  EXPECT_EQ(none.reward("good and ugly"), 0);
  EXPECT_EQ(share.reward("One TWO", {{"words", {"one", "two", "three", "four"}}}), 0.5);
}

TEST(Rewards, Regex) {
  RewardTester found("[{type: regex, pattern: '^\\d+$'}]"), not_found("[{type: regex, pattern: foo, wanted: false}]"),
      of_row("[{type: regex, column: re, whole: true}]"), costly("[{type: regex, pattern: '(a+)+$'}]");
  EXPECT_EQ(found.reward("12"), 1);
  EXPECT_EQ(found.reward("12x"), 0);
  EXPECT_EQ(not_found.reward("bar"), 1);
  EXPECT_EQ(not_found.reward("a foo"), 0);
  EXPECT_EQ(of_row.reward("ab", {{"re", "a."}}), 1);
  EXPECT_EQ(of_row.reward("ab", {{"re", "("}}), 0);
  EXPECT_EQ(of_row.warnings.size(), 1u);
  EXPECT_EQ(costly.reward(std::string(100, 'a') + "!"), 0);
  EXPECT_THAT(costly.warnings.at(0), HasSubstr("took too long"));
}

TEST(Rewards, JsonSchema) {
  const Path folder = test_folder("reward_schema");
  ASSERT_TRUE(write_file(folder / "schema.json", R"({"type": "array"})").ok());
  RewardTester schema("[{type: json_schema, schema: {type: object, required: [a]}, parsed: 0.25}]"),
      file("[{type: json_schema, file: " + (folder / "schema.json").string() + "}]"),
      column("[{type: json_schema, column: s, fenced: false}]");
  EXPECT_EQ(schema.reward(R"( {"b": 1, "a": 2} )"), 1);
  EXPECT_EQ(schema.reward("Here:\n```json\n{\"a\": 1}\n```\nDone."), 1);
  EXPECT_EQ(schema.reward("{}"), 0.25);
  EXPECT_EQ(schema.reward("{"), 0);
  EXPECT_EQ(file.reward("[1]"), 1);
  EXPECT_EQ(file.reward("{}"), 0);
  EXPECT_EQ(column.reward("3", {{"s", {{"type", "integer"}}}}), 1);
  EXPECT_EQ(column.reward("3", {{"s", "{\"type\": \"string\"}"}}), 0);
  EXPECT_EQ(column.reward("```\n3\n```", {{"s", {{"type", "integer"}}}}), 0) << "the fence is no JSON";
  EXPECT_TRUE(column.warnings.empty());
  EXPECT_EQ(column.reward("3", {{"s", {{"type", "text"}}}}), 0);
  EXPECT_EQ(column.warnings.size(), 1u);
}

TEST(Rewards, Number) {
  RewardTester either("[{type: number}]"), marked("[{type: number, take: marked}]"),
      near("[{type: number, relative_tolerance: 0.01}]");
  const Json row = {{"answer", "She has 3 * 400 = 1,200.\n#### 1,200"}};
  EXPECT_EQ(either.reward("so 1200", row), 1);
  EXPECT_EQ(either.reward("first 3, then \\boxed{1{,}200}. Not 7", row), 1) << "by the mark";
  EXPECT_EQ(either.reward("\\boxed{5} and 1200", row), 0) << "the mark comes first";
  EXPECT_EQ(either.reward("I do not know", row), 0);
  EXPECT_EQ(marked.reward("so 1200", row), 0);
  EXPECT_EQ(marked.reward("#### 1200", row), 1);
  EXPECT_EQ(marked.reward("\\boxed{\\frac{1}{2}}", {{"answer", 0.5}}), 1);
  EXPECT_EQ(near.reward("99.5", {{"answer", 100}}), 1);
  EXPECT_EQ(near.reward("98", {{"answer", 100}}), 0);
  EXPECT_EQ(near.reward("98", {{"answer", "none"}}), 0);
  EXPECT_THAT(near.warnings.at(0), HasSubstr("holds no number"));
}

TEST(Rewards, Length) {
  RewardTester target("[{type: length, target: 4, slope: 0.1}]"),
      overlong("[{type: length, most: 10, slope: 0.1, best: 0, lowest: -1}]"),
      words("[{type: length, unit: words, least: 2, most: 3, slope: 1}]"),
      lines("[{type: length, unit: lines, target: 2}]");
  EXPECT_EQ(target.reward("네글자야"), 1);
  EXPECT_NEAR(target.reward("abc"), 0.9, 1e-12);
  EXPECT_NEAR(target.reward("abcdef"), 0.8, 1e-12);
  EXPECT_EQ(target.reward(std::string(100, 'a')), 0);
  EXPECT_EQ(overlong.reward("short"), 0);
  EXPECT_NEAR(overlong.reward(std::string(15, 'a')), -0.5, 1e-12);
  EXPECT_EQ(overlong.reward(std::string(1000, 'a')), -1);
  EXPECT_EQ(words.reward("one  two\n"), 1);
  EXPECT_EQ(words.reward("one"), 0);
  EXPECT_EQ(lines.reward("a\nb\n"), 1);
}

}  // namespace
}  // namespace malmoi::reward
