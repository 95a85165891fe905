// Which answers make pairs.
#include "app/reward/preference_pairs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace malmoi::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

JudgedAnswer worth(double reward, std::string text) { return {.text = std::move(text), .reward = reward}; }

TEST(PreferencePairs, TheBestAndTheWorstThenTheNext) {
  const std::vector<JudgedAnswer> answers = {worth(0.5, "a"), worth(0, "b"), worth(1, "c"), worth(0.25, "d")};
  EXPECT_THAT(choose_pairs(answers, {.pairs = 1}).pairs, ElementsAre(Pair(2u, 1u)));
  EXPECT_THAT(choose_pairs(answers, {.pairs = 9}).pairs, ElementsAre(Pair(2u, 1u), Pair(0u, 3u)))
      << "the worse half is never chosen";
  EXPECT_THAT(choose_pairs(answers, {.pairs = 9, .least_difference = 0.25}).pairs, ElementsAre(Pair(2u, 1u)))
      << "more than the least difference";
  EXPECT_THAT(choose_pairs(answers, {.pairs = 0}).pairs, IsEmpty());
}

TEST(PreferencePairs, TiesMakeNone) {
  const std::vector<JudgedAnswer> same = {worth(0.5, "a"), worth(0.5, "b")};
  EXPECT_TRUE(choose_pairs(same, {}).tie);
  EXPECT_THAT(choose_pairs(same, {}).pairs, IsEmpty());
  const std::vector<JudgedAnswer> near = {worth(0.5, "a"), worth(0.75, "b")};
  EXPECT_FALSE(choose_pairs(near, {}).tie);
  EXPECT_TRUE(choose_pairs(near, {.least_difference = 0.25}).tie);
  EXPECT_FALSE(choose_pairs({}, {}).tie);
}

TEST(PreferencePairs, WhatCannotBeLearnedFromMakesNone) {
  JudgedAnswer failed = worth(-1, "failed"), cut = worth(2, "cut off");
  failed.failures = "program: it died";
  cut.cut = true;
  const std::vector<JudgedAnswer> answers = {failed,        cut,           worth(9, " \n\x1f"),
                                             worth(1, "c"), worth(0, "d"), worth(0, "d")};
  EXPECT_THAT(choose_pairs(answers, {.pairs = 3}).pairs, ElementsAre(Pair(3u, 4u)))
      << "neither what failed, what is blank, nor what was cut off is chosen, and a text counts once";
  cut.reward = -1;
  EXPECT_THAT(choose_pairs(std::vector{worth(1, "c"), cut}, {}).pairs, ElementsAre(Pair(0u, 1u)))
      << "what was cut off may be the worse one";
  const PromptPairs none = choose_pairs(std::vector{worth(1, " "), worth(0, "d")}, {});
  EXPECT_THAT(none.pairs, IsEmpty());
  EXPECT_FALSE(none.tie);
  EXPECT_FALSE(choose_pairs(std::vector{failed, failed}, {}).tie) << "nothing is known of them";
}

TEST(PreferencePairs, RowsAreReadAsTheyWereWritten) {
  const Json row = preference_row("1+1=", worth(1, "2"), worth(0, "{\"from\": \"here\"}"));
  EXPECT_EQ(row["prompt"], "1+1=");
  EXPECT_EQ(row["chosen"], "2");
  EXPECT_EQ(row["rejected"][0]["role"], "assistant") << "JSON would be read as a message";
  EXPECT_EQ(row["rejected"][0]["content"], "{\"from\": \"here\"}");
  EXPECT_EQ(row["chosen_reward"], 1.0);
  EXPECT_EQ(row["rejected_reward"], 0.0);
  EXPECT_EQ(preference_row(" [1]", worth(1, "a"), worth(0, "b"))["prompt"][0]["content"], " [1]");
  const Json messages = Json::array({Json{{"role", "user"}, {"content", "hi"}}});
  EXPECT_EQ(preference_row(messages, worth(1, "a"), worth(0, "b"))["prompt"], messages);
}

}  // namespace
}  // namespace malmoi::app
