// Answers that the rows of prompts bring along (the column `completion`), for objectives that learn from them beside answers that are sampled.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/error.h"
#include "chat/chat_template.h"
#include "data/table.h"
#include "model/model.h"
#include "tokenizer/tokenizer.h"
#include "train/chat_tokens.h"
#include "train/config.h"

namespace malmoi::app {

/// A prompt and the answer to it, as the model reads them; `prompt` ids of it are the prompt's.
struct GivenAnswer {
  std::vector<int32_t> ids;
  size_t prompt = 0;
  bool cut = false;  // its end did not fit data.sequence_length
};

class GivenAnswers {
 public:
  /// All of them outlive it. Errors: a tokenizer that cuts texts to a length by itself.
  static Result<GivenAnswers> make(const train::TrainConfig& config, const chat::ChatTemplate& chat_template,
                                   const tokenizer::Tokenizer& tokenizer);
  /// Of a row whose prompt is a conversation the answer is encoded as in data.format: chat; to a text, which became the ids `prompt`, it
  /// goes on, and the end of text follows. Errors: a row without an answer, one that the template cannot render.
  Result<GivenAnswer> read(const data::TableRow& row, const std::vector<int32_t>& prompt) const;

 private:
  GivenAnswers(const train::TrainConfig& config, const chat::ChatTemplate& chat_template,
               const tokenizer::Tokenizer& tokenizer, train::ChatTokenizer chat_tokenizer);
  Result<GivenAnswer> of_chat(const data::TableRow& row) const;
  Result<GivenAnswer> of_text(const data::TableRow& row, const std::vector<int32_t>& prompt) const;

  const train::TrainConfig& config_;
  const chat::ChatTemplate& template_;
  const tokenizer::Tokenizer& tokenizer_;
  train::ChatTokenizer chat_tokenizer_;
  std::vector<std::string> end_tokens_;
  std::optional<int32_t> end_;
};

}  // namespace malmoi::app
