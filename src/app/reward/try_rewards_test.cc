// Rewards of a configuration over rows of a file.
#include "app/reward/try_rewards.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_folder.h"

namespace malmoi::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TryRewards : public testing::Test {
 protected:
  Result<RewardTrial> run(const std::string& config, const std::string& rows, int64_t limit = 0) {
    EXPECT_TRUE(write_file(folder_ / "config.yaml", config).ok());
    EXPECT_TRUE(write_file(folder_ / "rows.jsonl", rows).ok());
    Job job;
    job.warn = [this](const std::string& line) { warnings_.push_back(line); };
    return try_rewards({.config = folder_ / "config.yaml", .rows = (folder_ / "rows.jsonl").string(), .limit = limit},
                       job);
  }
  std::string error_of(const std::string& config, const std::string& rows) {
    auto trial = run(config, rows);
    return trial.ok() ? "" : trial.error().to_string();
  }

  Path folder_ = test_folder("try_rewards");
  std::vector<std::string> warnings_;
};

constexpr const char* kRows =
    "{\"prompt\": \"2+2\", \"completion\": \"4\", \"answer\": 4}\n\n"
    "{\"prompt\": [{\"role\": \"user\", \"content\": \"2+3\"}], \"completion\": \"about 6\", \"answer\": \"5\"}\n"
    "{\"completion\": \"7\"}\n";

TEST_F(TryRewards, EachRowHasItsRewardsAndTheirSum) {
  auto trial = run("rewards: [{type: number, weight: 2, failed_reward: -1}, {type: length, most: 1, slope: 1}]", kRows);
  ASSERT_TRUE(trial.ok()) << trial.error().to_string();
  ASSERT_EQ(trial->rows.size(), 3u);
  EXPECT_EQ(trial->rows[1].line, 3u);
  EXPECT_THAT(trial->rows[0].rewards, ElementsAre(1, 1));
  EXPECT_THAT(trial->rows[1].rewards, ElementsAre(0, 0));
  EXPECT_THAT(trial->rows[2].rewards, ElementsAre(-1, 1));
  EXPECT_EQ(trial->rows[0].total, 3);
  EXPECT_EQ(trial->rows[2].total, -1);
  EXPECT_THAT(trial->rows[2].failures, HasSubstr("number: the row's column 'answer' is not there"));
  EXPECT_EQ(trial->rewards[0].failed, 1);
  EXPECT_EQ(trial->rewards[0].mean, 0);
  EXPECT_NEAR(trial->mean, 2.0 / 3, 1e-12);
  EXPECT_EQ(warnings_.size(), 1u);
  const Json json = to_json(*trial);
  EXPECT_EQ(json["rows"][0]["reward_number"], 1.0);
  EXPECT_EQ(json["rows"][0]["reward"], 3.0);
  EXPECT_NE(json["rows"][2]["failed"], "");
  EXPECT_EQ(json["rewards"][1]["name"], "length");
}

TEST_F(TryRewards, TheRewardsOfATrainingConfigurationAreFoundUnderItsObjective) {
  auto trial = run("objective:\n  name: grpo\n  rewards:\n    - {type: exact}\ntrain: {steps: 3}\n",
                   "{\"completion\": \"a\", \"answer\": \"a\"}\n{\"completion\": \"b\", \"answer\": \"a\"}\n", 1);
  ASSERT_TRUE(trial.ok()) << trial.error().to_string();
  EXPECT_EQ(trial->rows.size(), 1u) << "the limit";
  EXPECT_EQ(trial->mean, 1);
  EXPECT_FALSE(to_json(*trial)["rows"][0].contains("failed"));
}

TEST(RewardTypes, HaveALineEach) {
  EXPECT_THAT(reward_types(), HasSubstr("  exact        1 where the answer is the text of a column"));
  EXPECT_THAT(reward_types(), HasSubstr("\n  program      what a program of one's own says"));
}

TEST_F(TryRewards, WhatIsWrongIsNamedWithItsPlace) {
  EXPECT_THAT(error_of("train: {steps: 3}\n", kRows), HasSubstr("rewards: a list of rewards was expected"));
  EXPECT_THAT(error_of("objective:\n  rewards:\n    - {type: exact, colum: a}\n", kRows),
              HasSubstr("config.yaml:3: objective.rewards[0].colum"));
  EXPECT_THAT(error_of("rewards: [{type: exact}]", ""), HasSubstr("has no rows"));
  EXPECT_THAT(error_of("rewards: [{type: exact}]", "{\"completion\": \"a\"}\n{\"text\": 1}\n"),
              HasSubstr("rows.jsonl:2"));
  EXPECT_THAT(error_of("rewards: [{type: exact}]", "[1]\n"), HasSubstr("no JSON object"));
  EXPECT_THAT(error_of("rewards: [{type: exact}]", "{\n"), HasSubstr("malformed JSON"));
}

}  // namespace
}  // namespace malmoi::app
