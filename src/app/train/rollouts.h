// Rollouts: of each prompt several answers, sampled from the model as it stands before the step that learns from them, and judged.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "app/train/data.h"
#include "app/train/rollout_prompts.h"
#include "base/error.h"
#include "base/job.h"
#include "model/model.h"
#include "reward/reward_set.h"
#include "tokenizer/tokenizer.h"
#include "train/config.h"
#include "train/examples.h"
#include "train/loop.h"

namespace malmoi::app {

/// Rows are answers: `group` in succession are of one prompt. Which prompt a group has, and the seeds that its answers are drawn
/// by, follow from its number, so that a resumed run goes on with the same. One thread.
class RolloutSource final : public train::ExampleSource {
 public:
  /// All but the prompts and the rewards, which have begun, outlive it. `model`: the one that stands there when answers are drawn.
  RolloutSource(const train::TrainConfig& config, std::vector<RolloutPrompt> prompts,
                const std::unique_ptr<model::Model>& model, const tokenizer::Tokenizer& tokenizer,
                reward::RewardSet rewards, const Job& job);

  uint64_t size() const override { return prompts_.size() * group_; }
  uint64_t tokens() const override;
  /// Samples the answers that rows [first, first + count) are; whole groups alone. Whether a row's answer is sampled or the data's
  /// (objective.on_policy) is drawn by its number.
  Status prepare(uint64_t first, uint64_t count) override;
  void append(uint64_t n, train::Examples& out) const override;
  /// Of the rows that were prepared last: `reward`, `reward_NAME`, `reward_std` (mean over groups), `zero_variance` (the share of
  /// groups whose rewards are all equal), `answer_tokens`, `truncated` (the share of answers that did not end by themselves),
  /// `rollout_tokens` (of all answers) and `rollout_seconds` (to sample them, without their rewards), all of sampled answers;
  /// `on_policy`: their share, where others are the data's.
  std::vector<train::NamedFigure> told() const override { return figures_; }
  /// Greedy answers to other prompts: `reward`, `reward_NAME`, `answer_tokens` and `truncated`.
  Result<std::vector<train::NamedFigure>> evaluate(const std::vector<RolloutPrompt>& prompts);

 private:
  static constexpr uint64_t kRolloutStream = 0x5a;  // of counted random numbers, beside those of dropout
  struct Answer {
    std::vector<int32_t> ids;  // prompt and completion
    size_t prompt = 0;         // tokens of it
    bool truncated = false;
    float reward = 0;
    std::string text;
  };
  struct Asked {
    const RolloutPrompt* prompt;
    uint64_t seed;
    double temperature;
  };

  Result<std::vector<Answer>> sample(const std::vector<Asked>& asked);
  Status judge(const std::vector<Asked>& asked, std::vector<Answer>& answers);
  const RolloutPrompt& prompt_of(uint64_t n) const;
  void tell_groups(std::span<const Answer> answers);
  void tell_speed(std::span<const Answer> answers);
  static void tell_lengths(std::span<const Answer> answers, std::vector<train::NamedFigure>& figures);

  const train::TrainConfig& config_;
  std::vector<RolloutPrompt> prompts_;
  const std::unique_ptr<model::Model>& model_;
  const tokenizer::Tokenizer& tokenizer_;
  reward::RewardSet rewards_;
  const Job& job_;
  uint64_t group_;
  std::vector<int32_t> ends_;
  uint64_t first_ = 0;
  std::vector<Answer> answers_;
  double sampled_in_ = 0;  // seconds
  std::vector<train::NamedFigure> figures_;
};

/// Bytes that the states of the answers that are sampled together take at most; 0: the configuration samples none.
size_t answers_bytes(const train::TrainConfig& config, const model::Model& model);

/// The prompts of a configuration (data.format: prompts) as a source of rows, and what measures the answers to those held out.
Result<PreparedData> prepare_rollouts(const train::TrainConfig& config, const std::unique_ptr<model::Model>& model,
                                      const tokenizer::Tokenizer& tokenizer, const Job& job);

}  // namespace malmoi::app
