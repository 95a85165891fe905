// Rewards that look at one answer at a time.
#pragma once

#include "reward/reward.h"

namespace malmoi::reward {

class RowReward : public Reward {
 public:
  /// Answers are judged by up to workers() threads at once, of which the caller is one.
  Result<RewardResult> judge(std::span<const RewardInput> batch, const StopToken& stop) final;

 protected:
  /// Any thread. Errors end the batch.
  virtual Result<Judgement> judge_one(const RewardInput& input, const StopToken& stop) const = 0;
  virtual int workers() const { return 1; }
};

/// What stands in a column of a row: a text, or a number, true or false as it is written. Errors name the column.
Result<std::string> column_text(const Json& row, const std::string& column);
/// The same, or each of a list.
Result<std::vector<std::string>> column_texts(const Json& row, const std::string& column);
Result<const Json*> column_value(const Json& row, const std::string& column);

}  // namespace malmoi::reward
