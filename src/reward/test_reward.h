// Rewards of a configuration over answers, for tests.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "reward/reward_set.h"

namespace malmoi::reward {

/// The rewards of `rewards: TEXT`.
inline Result<RewardSet> read_rewards_of(const std::string& text) {
  MALMOI_ASSIGN(ConfigDocument document, parse_config("rewards: " + text, "test.yaml"));
  ConfigReader reader(document);
  return RewardSet::read(reader);
}

inline std::string error_of_rewards(const std::string& text) {
  auto set = read_rewards_of(text);
  return set.ok() ? "" : set.error().to_string();
}

struct Answer {
  std::string completion;
  Json row = Json::object();
};

/// What they say of answers, each warning and error as a text.
class RewardTester {
 public:
  explicit RewardTester(const std::string& text) : set_(read_rewards_of(text)) {
    EXPECT_TRUE(set_.ok()) << (set_.ok() ? "" : set_.error().to_string());
    if (!set_.ok()) return;
    Status begun = set_->begin();
    if (!begun.ok()) refused_ = begun.error().to_string();
  }
  /// Why they cannot be had here; empty where they can.
  const std::string& refused() const { return refused_; }

  BatchRewards judge(const std::vector<Answer>& answers) {
    std::vector<RewardInput> inputs;
    for (const Answer& answer : answers) inputs.push_back({"the prompt", answer.completion, answer.row});
    Job job;
    job.warn = [this](const std::string& line) { warnings.push_back(line); };
    job.stop = stop.token();
    auto judged = set_->judge(inputs, job);
    error = judged.ok() ? "" : judged.error().to_string();
    return judged.ok() ? *std::move(judged) : BatchRewards{};
  }
  /// The total of one answer; -100 after an error.
  double reward(const std::string& completion, Json row = Json::object()) {
    const BatchRewards judged = judge({{completion, std::move(row)}});
    return judged.totals.empty() ? -100 : judged.totals[0];
  }
  RewardSet& set() { return *set_; }

  std::vector<std::string> warnings;
  std::string error;
  StopSource stop;

 private:
  Result<RewardSet> set_;
  std::string refused_;
};

}  // namespace malmoi::reward
