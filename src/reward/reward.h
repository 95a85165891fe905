// What an answer is worth, by a rule: the rewards that reinforcement learning asks for.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "base/error.h"
#include "base/job.h"
#include "base/json.h"

namespace malmoi::reward {

/// One answer. `row` is the row of data that its prompt is of, with whatever columns it has.
struct RewardInput {
  std::string_view prompt, completion;
  const Json& row;
};

/// What it is worth, or why that cannot be said.
struct Judgement {
  double reward = 0;
  std::string failure;  // not empty: there is no reward

  bool failed() const { return !failure.empty(); }
};
inline Judgement failed_judgement(std::string why) { return {.failure = why.empty() ? "failed" : std::move(why)}; }

/// One for each input, in order.
using RewardResult = std::vector<Judgement>;

struct JudgeOptions;
class ModelJudge;
/// Opens a reward model (model_judge.h). Null: nothing shall be judged, for a plan. Errors: what is no reward model.
using OpenJudge = std::function<Result<std::unique_ptr<ModelJudge>>(const JudgeOptions&)>;

/// A rule, read from a configuration. One thread at a time, unless it is said otherwise.
class Reward {
 public:
  virtual ~Reward() = default;
  /// Opens the model that it asks, if any; before begin(). Errors: what is no reward model.
  virtual Status open_model(const OpenJudge&) { return {}; }
  /// Makes ready what it needs beside its options (a sandbox, a program), before anything is judged. Errors: it cannot be had here.
  virtual Status begin() { return {}; }
  /// Whether a row has what is asked of it: to be asked before hours of training are. Errors name the column.
  virtual Status check_row(const Json&) const { return {}; }
  /// Errors: nothing more can be judged (a program that ends again and again); kCancelled. What is wrong with one answer or
  /// row is a failed judgement, and no error.
  virtual Result<RewardResult> judge(std::span<const RewardInput> batch, const StopToken& stop) = 0;
};

/// A line of the table.
struct RewardEntry {
  std::string_view type;     // its name in configurations
  std::string_view summary;  // one line
  /// Reads its options; what is wrong with them stays in the reader, and then there may be no reward.
  std::unique_ptr<Reward> (*read)(ConfigReader& reader);
};
std::span<const RewardEntry* const> reward_table();
/// Null where there is none of that name.
const RewardEntry* find_reward(std::string_view type);

}  // namespace malmoi::reward
