// `malmoi reward`: what the rewards of a configuration say of rows, before anything is trained by them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "base/json.h"

namespace malmoi::app {

struct TryRewardsOptions {
  Path config;  // with `rewards`, at the top or under `objective`
  /// JSON lines: `completion`, `prompt` (a text, or messages), and the columns that rewards read.
  std::string rows = "-";
  int64_t limit = 0;  // rows; 0: all
};

struct TriedRow {
  uint64_t line = 0;
  double total = 0;
  std::vector<double> rewards;  // in the order of the parts
  std::string failures;         // of those that could not be judged: "NAME: why; ..."
};
struct TriedReward {
  std::string name;
  double weight = 1, mean = 0;
  int64_t failed = 0;
};
struct RewardTrial {
  std::vector<TriedRow> rows;
  std::vector<TriedReward> rewards;
  double mean = 0;  // of the totals
  int64_t failed() const;
};
/// `rows`, each with `line`, `reward` (the sum), `reward_NAME` of each, and `failed` where any failed; `rewards`; `reward`, the mean.
Json to_json(const RewardTrial& trial);

/// A line for each type of reward: its name and what it gives.
std::string reward_types();

Result<RewardTrial> try_rewards(const TryRewardsOptions& options, const Job& job);

}  // namespace malmoi::app
