#include "app/train/rollout_prompts.h"

#include <fmt/format.h>

#include "app/reward/folder_judge.h"
#include "app/train/chats.h"
#include "data/chats/turns.h"
#include "data/table.h"
#include "infer/known_ids.h"
#include "infer/prompt.h"
#include "tokenizer/document_marks.h"

namespace malmoi::app {
namespace {

using train::TrainConfig;

// Turns cells into prompts, by the model's own template where they are conversations.
class PromptReader {
 public:
  /// All outlive it; `answers`: null, where rows need not bring any.
  PromptReader(const model::Model& model, const tokenizer::Tokenizer& tokenizer, const PromptRules& rules,
               const GivenAnswers* answers)
      : model_(model), tokenizer_(tokenizer), rules_(rules), answers_(answers) {
    if (auto end = tokenizer::document_marks(tokenizer).after) ends_.push_back(*end);
  }

  Result<RolloutPrompt> read(data::TableRow&& row) const {
    RolloutPrompt prompt;
    const Json* cell = row.find("prompt");
    if (cell && cell->is_array()) {
      MALMOI_ASSIGN(const data::Turns turns, data::read_turns(*cell, "prompt", row.where));
      // Of a set date, so that a run that is resumed on another day has the same prompts.
      const Result<chat::RenderedChat> chat = rules_.chat_template.render(turns.messages, {.date = rules_.date});
      if (!chat.ok()) return invalid_data(chat.error().what, row.where, chat.error().remedy);
      prompt.text = chat->prompt;
      prompt.ids = infer::chat_ids(model_, tokenizer_, ends_, *chat);
      prompt.ends = infer::end_of_turn_ids(tokenizer_, *chat);
    } else {
      MALMOI_ASSIGN(prompt.text, train::cell_text(cell, "prompt", row.where));
      prompt.ids = infer::prompt_ids(model_, tokenizer_, ends_, prompt.text);
    }
    if (prompt.ids.empty()) return invalid_data("'prompt' has no token", row.where, "leave the row out");
    if (Status known = infer::check_known(prompt.ids, model_); !known.ok())
      return invalid_data(known.error().what, row.where, known.error().remedy);
    if (answers_) {
      MALMOI_ASSIGN(prompt.given, answers_->read(row, prompt.ids));
      if (Status known = infer::check_known(prompt.given->ids, model_); !known.ok())
        return invalid_data(known.error().what, row.where, known.error().remedy);
    }
    prompt.row = std::move(row.cells);
    return prompt;
  }

 private:
  const model::Model& model_;
  const tokenizer::Tokenizer& tokenizer_;
  const PromptRules& rules_;
  const GivenAnswers* answers_;
  std::vector<int32_t> ends_;
};

}  // namespace

Result<reward::RewardSet> read_rewards(const TrainConfig& config) {
  if (config.objective.rollouts.rewards.empty()) return reward::RewardSet();
  ConfigDocument document;
  document.file = "objective";
  document.root = Json{{"rewards", config.objective.rollouts.rewards}};
  ConfigReader reader(document);
  return reward::RewardSet::read(reader);
}

Result<size_t> judges_bytes(const TrainConfig& config) {
  MALMOI_ASSIGN(reward::RewardSet rewards, read_rewards(config));
  size_t bytes = 0;
  using Judge = std::unique_ptr<reward::ModelJudge>;
  MALMOI_TRY(rewards.open_models([&](const reward::JudgeOptions& options) -> Result<Judge> {
    MALMOI_ASSIGN(const size_t one, judge_bytes(options, config.data.sequence_length));
    bytes += one;
    return Judge();
  }));
  return bytes;
}

Result<std::vector<RolloutPrompt>> read_prompts(const PromptRules& rules, const std::vector<std::string>& paths,
                                                const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                                                const reward::RewardSet& rewards, const GivenAnswers* answers) {
  const PromptReader reader(model, tokenizer, rules, answers);
  const int64_t room = rules.length - rules.answer;
  std::vector<RolloutPrompt> prompts;
  for (const std::string& path : paths) {
    MALMOI_TRY(data::for_each_table_row(path, "prompt", [&](data::TableRow&& row) -> Status {
      const std::string where = row.where;
      MALMOI_ASSIGN(RolloutPrompt prompt, reader.read(std::move(row)));
      if (static_cast<int64_t>(prompt.ids.size()) > room)
        return invalid_data(fmt::format("the prompt has {} tokens; with an answer of {} there is room for {}",
                                        prompt.ids.size(), rules.answer, room),
                            where, rules.remedy);
      if (Status fits = rewards.check_row(prompt.row); !fits.ok())
        return invalid_data(fits.error().what, where, fits.error().remedy);
      prompts.push_back(std::move(prompt));
      return {};
    }));
  }
  if (prompts.empty()) return invalid_data("holds no prompts", paths.empty() ? "data.train" : paths[0], "add some");
  return prompts;
}

Result<std::vector<RolloutPrompt>> read_prompts(const TrainConfig& config, const std::vector<std::string>& paths,
                                                const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                                                const reward::RewardSet& rewards, bool answered) {
  MALMOI_ASSIGN(const chat::ChatTemplate chat_template, chat_template_of(config, tokenizer));
  std::optional<GivenAnswers> answers;
  if (answered && config.objective.rollouts.on_policy < 1) {
    MALMOI_ASSIGN(GivenAnswers made, GivenAnswers::make(config, chat_template, tokenizer));
    answers.emplace(std::move(made));
  }
  const PromptRules rules{.chat_template = chat_template,
                          .date = config.data.chat.date,
                          .length = config.data.sequence_length,
                          .answer = config.objective.rollouts.max_tokens,
                          .remedy = "raise data.sequence_length or lower objective.max_tokens"};
  return read_prompts(rules, paths, model, tokenizer, rewards, answers ? &*answers : nullptr);
}

Result<uint64_t> answers_of_epoch(const TrainConfig& config, const model::Model& model,
                                  const tokenizer::Tokenizer& tokenizer) {
  MALMOI_ASSIGN(const reward::RewardSet rewards, read_rewards(config));
  MALMOI_ASSIGN(const auto prompts, read_prompts(config, config.data.train, model, tokenizer, rewards, true));
  return prompts.size() * static_cast<uint64_t>(config.objective.rollouts.group);
}

}  // namespace malmoi::app
