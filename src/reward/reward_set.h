// Several rewards with their weights, as a configuration names them: what an answer is worth in all.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/config.h"
#include "base/error.h"
#include "base/job.h"
#include "reward/reward.h"

namespace malmoi::reward {

/// What one reward said of a batch.
struct PartRewards {
  std::string name;
  double weight = 1;
  std::vector<double> rewards;        // without the weight; failed_reward where there is none
  std::vector<std::string> failures;  // empty where there is none
  int64_t failed() const;
  double mean() const;
};

struct BatchRewards {
  std::vector<double> totals;  // of each input: the sum of weight * reward
  std::vector<PartRewards> parts;

  /// `reward` (the mean of the totals), of each part `reward_NAME` and, where some failed, `reward_NAME_failed` (how many): for
  /// metrics.
  std::vector<std::pair<std::string, double>> figures() const;
};

/// rewards: [{type: number, column: answer, name: right, weight: 1.0, failed_reward: 0, after: "</think>", ...}]
/// `name`: its type unless given, and each once. `after`: only what follows the last of this text is judged; nothing, where
/// it does not come. One thread at a time.
class RewardSet {
 public:
  /// The list under `key`. Errors name the place of what is wrong.
  static Result<RewardSet> read(ConfigReader& reader, std::string_view key = "rewards");

  /// Opens the models that rewards ask: before begin(). Errors: what is no reward model, with the reward's name.
  Status open_models(const OpenJudge& open);
  /// Makes all ready: before the first batch. Errors: what cannot be had here, with the reward's name.
  Status begin();
  /// Whether a row of data has what all rewards ask of it.
  Status check_row(const Json& row) const;
  /// The first failures of each reward are told to `job.warn`, then how many there were at 10, 100, 1000 ...
  Result<BatchRewards> judge(std::span<const RewardInput> batch, const Job& job);

  size_t size() const { return members_.size(); }
  /// Of all batches so far, by name.
  std::vector<std::pair<std::string, int64_t>> failures() const;

 private:
  struct Member {
    std::string name, after;
    double weight = 1, failed_reward = 0;
    std::unique_ptr<Reward> reward;
    int64_t failures = 0, told_at = 10;
  };

  template <typename Make>
  Status make_ready(const Make& make);
  Status add(const ConfigDocument& document, const Json& item, const std::string& path);
  Result<PartRewards> judge_part(Member& member, std::span<const RewardInput> batch, const Job& job);
  static void tell(Member& member, const RewardInput& input, const std::string& failure, const Warn& warn);

  std::vector<Member> members_;
};

}  // namespace malmoi::reward
