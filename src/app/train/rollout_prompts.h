// The prompts that rollouts answer (data.format: prompts), and the rewards that judge the answers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/train/given_answers.h"
#include "base/error.h"
#include "base/json.h"
#include "chat/chat_template.h"
#include "model/model.h"
#include "reward/reward_set.h"
#include "tokenizer/tokenizer.h"
#include "train/config.h"

namespace malmoi::app {

/// A prompt as the model reads it, and the row of data that it is of, which rewards look at.
struct RolloutPrompt {
  std::string text;
  std::vector<int32_t> ids;
  std::vector<int32_t> ends = {};  // tokens that end an answer to it, beside those of the model
  Json row;
  std::optional<GivenAnswer> given = {};  // the data's own
};

/// objective.rewards; none where an objective needs none. Errors name the place of what is wrong.
Result<reward::RewardSet> read_rewards(const train::TrainConfig& config);

/// Bytes of the reward models among them. Errors: as read_rewards; what is no reward model.
Result<size_t> judges_bytes(const train::TrainConfig& config);

/// How cells become prompts, and how long they may be.
struct PromptRules {
  const chat::ChatTemplate& chat_template;  // of those that are conversations
  std::string date;                         // that it is told
  int64_t length = 0, answer = 0;           // tokens of a prompt with its answer, and of the answer
  std::string remedy;                       // where a prompt is too long
};

/// Reads the rows of `paths`: the column `prompt` holds a text, or the messages of a conversation that the template renders. `answers`:
/// null, where rows need not bring any. Errors: a row without one, a prompt that leaves no room for an answer, a row that a reward cannot
/// judge, no rows at all.
Result<std::vector<RolloutPrompt>> read_prompts(const PromptRules& rules, const std::vector<std::string>& paths,
                                                const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                                                const reward::RewardSet& rewards, const GivenAnswers* answers);

/// Reads the rows of `paths` (data.format: prompts) by the configuration's template and lengths. `answered`: rows bring an answer, too,
/// which is read where some shall be learned (objective.on_policy).
Result<std::vector<RolloutPrompt>> read_prompts(const train::TrainConfig& config, const std::vector<std::string>& paths,
                                                const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                                                const reward::RewardSet& rewards, bool answered);

/// Answers of an epoch: of each prompt a group.
Result<uint64_t> answers_of_epoch(const train::TrainConfig& config, const model::Model& model,
                                  const tokenizer::Tokenizer& tokenizer);

}  // namespace malmoi::app
