#include "app/train/given_answers.h"

#include "app/train/chats.h"
#include "app/use/generation_defaults.h"
#include "data/chats/shapes.h"
#include "tokenizer/document_marks.h"
#include "train/chat_encoder.h"
#include "train/table_format.h"

namespace malmoi::app {
namespace {

constexpr const char* kAnswerColumn = "completion";

Error no_answer(std::string what, const std::string& where) {
  return invalid_data(std::move(what), where,
                      "correct it, or leave the row out; with objective.on_policy 1 no row needs an answer");
}

}  // namespace

GivenAnswers::GivenAnswers(const train::TrainConfig& config, const chat::ChatTemplate& chat_template,
                           const tokenizer::Tokenizer& tokenizer, train::ChatTokenizer chat_tokenizer)
    : config_(config), template_(chat_template), tokenizer_(tokenizer), chat_tokenizer_(std::move(chat_tokenizer)) {
  const std::vector<int32_t> ends = config.init_from ? end_ids(*config.init_from) : std::vector<int32_t>{};
  end_tokens_ = end_token_texts(ends, tokenizer);
  end_ = tokenizer::document_marks(tokenizer).after;
  if (!end_ && !ends.empty()) end_ = ends[0];
}

Result<GivenAnswers> GivenAnswers::make(const train::TrainConfig& config, const chat::ChatTemplate& chat_template,
                                        const tokenizer::Tokenizer& tokenizer) {
  MALMOI_ASSIGN(train::ChatTokenizer chat_tokenizer, train::ChatTokenizer::make(tokenizer));
  return GivenAnswers(config, chat_template, tokenizer, std::move(chat_tokenizer));
}

Result<GivenAnswer> GivenAnswers::read(const data::TableRow& row, const std::vector<int32_t>& prompt) const {
  const Json* cell = row.find(kAnswerColumn);
  if (!cell)
    return no_answer(std::string("the row has no '") + kAnswerColumn + "', an answer to its prompt", row.where);
  const Json* asked = row.find("prompt");
  return asked && asked->is_array() ? of_chat(row) : of_text(row, prompt);
}

Result<GivenAnswer> GivenAnswers::of_chat(const data::TableRow& row) const {
  const Json cells = {{"prompt", row.cells["prompt"]}, {kAnswerColumn, row.cells[kAnswerColumn]}, {"label", true}};
  MALMOI_ASSIGN(const data::ChatRow chat, data::read_chat_row(cells, data::ChatShape::kUnpaired, row.where));
  const train::ChatRules rules{.chat_template = template_,
                               .tokenizer = chat_tokenizer_,
                               .learn = {.render = {}, .date = config_.data.chat.date, .end_tokens = end_tokens_},
                               .config = config_.data.chat,
                               .use = train::ChatUse::kJudgements,
                               .max_length = static_cast<size_t>(config_.data.sequence_length)};
  MALMOI_ASSIGN(train::EncodedChat encoded, train::encode_chat(chat, rules));
  if (!encoded.kept() || encoded.prompt == 0) return no_answer("its answer: " + encoded.reason, row.where);
  return GivenAnswer{.ids = std::move(encoded.chosen.ids),
                     .prompt = encoded.prompt,
                     .cut = encoded.problem == train::ChatProblem::kCut};
}

Result<GivenAnswer> GivenAnswers::of_text(const data::TableRow& row, const std::vector<int32_t>& prompt) const {
  MALMOI_ASSIGN(const std::string text, train::cell_text(row.find(kAnswerColumn), kAnswerColumn, row.where));
  const std::vector<int32_t> answer = tokenizer_.encode(text, {.add_special = false, .parse_special = true});
  if (answer.empty()) return no_answer("its answer has no token", row.where);
  GivenAnswer given{.ids = prompt, .prompt = prompt.size()};
  given.ids.insert(given.ids.end(), answer.begin(), answer.end());
  if (end_) given.ids.push_back(*end_);
  const auto longest = static_cast<size_t>(config_.data.sequence_length);
  given.cut = given.ids.size() > longest;
  if (given.cut) given.ids.resize(longest);
  return given;
}

}  // namespace malmoi::app
