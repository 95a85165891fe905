#include "app/reward/folder_judge.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/train/chats.h"
#include "app/use/chat.h"
#include "app/use/text_head.h"
#include "data/chats/shapes.h"
#include "infer/known_ids.h"
#include "kernels/kernels.h"
#include "model/load.h"
#include "train/chat_encoder.h"

namespace malmoi::app {
namespace {

using reward::JudgeOptions;
using reward::RewardInput;

DType judge_type(const JudgeOptions& options) { return options.halves ? DType::kBF16 : DType::kF32; }

struct FoundJudge {
  Path folder;
  std::unique_ptr<model::Model> described;  // without weights
};
Result<FoundJudge> find_judge(const JudgeOptions& options, const Message& message) {
  FoundJudge found;
  MALMOI_ASSIGN(found.folder, find_model(options.model, message));
  MALMOI_ASSIGN(found.described, model::load_config(found.folder));
  const model::Model& model = *found.described;
  if (model.task() == model::Task::kRegression && model.outputs() == 1 && model.head->row_for_each_run) return found;
  return usage_error("this " + model.model_type() + " model has no head that gives one number for a text",
                     found.folder.string(), "train a reward model by objective: {name: reward}");
}

// As a row of judgements says it, so that ids are those of training; the answer is a text, also where it looks like a list of messages.
Result<data::ChatRow> judged_row(const RewardInput& input) {
  constexpr const char* kPrompt = "prompt";
  Json cells = {{"completion", "-"}, {"label", true}};
  if (input.row.is_object() && input.row.contains(kPrompt)) cells[kPrompt] = input.row[kPrompt];
  MALMOI_ASSIGN(data::ChatRow row, data::read_chat_row(cells, data::ChatShape::kUnpaired, "the row"));
  row.chosen = {{"assistant", std::string(input.completion)}};
  return row;
}

class FolderJudge final : public reward::ModelJudge {
 public:
  FolderJudge(TextHead head, train::ChatTokenizer tokenizer, chat::ChatTemplate chat_template,
              std::vector<std::string> end_tokens, int64_t batch_size)
      : head_(std::move(head)),
        tokenizer_(std::move(tokenizer)),
        template_(std::move(chat_template)),
        end_tokens_(std::move(end_tokens)),
        batch_size_(static_cast<size_t>(batch_size)) {}

  Result<reward::RewardResult> judge(std::span<const RewardInput> batch, const StopToken& stop) override {
    reward::RewardResult result(batch.size());
    std::vector<train::EncodedText> texts;
    std::vector<size_t> places;
    for (size_t i = 0; i < batch.size(); ++i) {
      Result<std::vector<int32_t>> ids = read(batch[i]);
      if (ids.ok()) {
        texts.push_back({.ids = *std::move(ids), .type_ids = {}});
        places.push_back(i);
      } else {
        result[i] = reward::failed_judgement(ids.error().what);
      }
      const bool last = i + 1 == batch.size();
      if (texts.empty() || (texts.size() < batch_size_ && !last)) continue;
      MALMOI_TRY(stop.check("rewards"));
      MALMOI_TRY(score(texts, places, result));
      texts.clear();
      places.clear();
    }
    return result;
  }

 private:
  // Errors: why there is nothing to be judged.
  Result<std::vector<int32_t>> read(const RewardInput& input) const {
    MALMOI_ASSIGN(const data::ChatRow row, judged_row(input));
    train::ChatConfig config;
    config.long_rows = train::LongRows::kSkip;
    const auto positions = static_cast<size_t>(head_.model().max_positions());
    const train::ChatRules rules{.chat_template = template_,
                                 .tokenizer = tokenizer_,
                                 .learn = {.render = {}, .date = config.date, .end_tokens = end_tokens_},
                                 .config = config,
                                 .use = train::ChatUse::kJudgements,
                                 .max_length = positions};
    MALMOI_ASSIGN(train::EncodedChat encoded, train::encode_chat(row, rules));
    const bool too_long = encoded.problem == train::ChatProblem::kSkipped;
    if (too_long)
      return invalid_data(
          fmt::format("prompt and answer do not fit the model's {} positions: {}", positions, encoded.reason));
    if (!encoded.kept()) return invalid_data(encoded.reason);
    MALMOI_TRY(infer::check_known(encoded.chosen.ids, head_.model()));
    return std::move(encoded.chosen.ids);
  }

  Status score(const std::vector<train::EncodedText>& texts, const std::vector<size_t>& places,
               reward::RewardResult& result) {
    MALMOI_ASSIGN(const auto logits, head_.logits(texts));
    for (size_t i = 0; i < texts.size(); ++i) {
      const auto said = static_cast<double>(logits[i][0]);
      result[places[i]] = std::isfinite(said) ? reward::Judgement{.reward = said}
                                              : reward::failed_judgement("the model says no number");
    }
    return {};
  }

  TextHead head_;
  train::ChatTokenizer tokenizer_;
  chat::ChatTemplate template_;
  std::vector<std::string> end_tokens_;
  size_t batch_size_;
};

// The arena's peak in a pass over so many texts.
size_t pass_bytes(const model::Model& model, DType type, int64_t texts, int64_t length) {
  Arena arena = Arena::rehearsal();
  StoragePool pool;
  Stream stream;
  autograd::Context context;
  context.arena = &arena;
  context.pool = &pool;
  context.stream = &stream;
  context.backend = &kernels::cpu_backend();
  context.dtype = type;
  nn::BatchBuilder rows;
  const std::vector<int32_t> ids(static_cast<size_t>(length), 0);
  for (int64_t text = 0; text < texts; ++text) rows.add(ids);
  const nn::Batch batch = rows.batch();
  model.features(context, batch);
  return arena.peak();
}

}  // namespace

Result<std::unique_ptr<reward::ModelJudge>> open_judge(const JudgeOptions& options, const Job& job) {
  MALMOI_ASSIGN(const FoundJudge found, find_judge(options, job.message));
  MALMOI_ASSIGN(LoadedModel loaded, load_for_ids(found.folder.string(), {.dtype = judge_type(options)}, job));
  if (!loaded.tokenizer)
    return not_found("has no tokenizer", found.folder.string(),
                     "put the tokenizer.json that it was trained with there");
  MALMOI_ASSIGN(chat::ChatTemplate rendered, chat_template(found.folder, *loaded.tokenizer, options.chat_template));
  MALMOI_ASSIGN(train::ChatTokenizer tokenizer, train::ChatTokenizer::make(*loaded.tokenizer));
  std::vector<std::string> ends = end_token_texts(loaded.stop_ids, *loaded.tokenizer);
  MALMOI_ASSIGN(TextHead head, TextHead::of(std::move(loaded)));
  return std::unique_ptr<reward::ModelJudge>(std::make_unique<FolderJudge>(
      std::move(head), std::move(tokenizer), std::move(rendered), std::move(ends), options.batch_size));
}

Result<size_t> judge_bytes(const JudgeOptions& options, int64_t longest) {
  MALMOI_ASSIGN(const FoundJudge found, find_judge(options, {}));
  model::Model& model = *found.described;
  const DType type = judge_type(options);
  model.parameters.allocate(model::Purpose::kRehearsal, type);
  size_t bytes = pass_bytes(model, type, options.batch_size, std::min(longest, model.max_positions()));
  for (const auto& entry : model.parameters.entries()) bytes += entry->bytes();
  return bytes;
}

}  // namespace malmoi::app
