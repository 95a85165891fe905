// A text as a model reads it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "chat/answer/answer_parser.h"
#include "chat/chat_template.h"
#include "model/model.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::infer {

/// A model that goes on with a text reads it as a document began in training (tokenizer/document_marks.h), or, where that
/// gives no id at all, the first of `ends`, after which a document begins. An encoder reads a text whole, with all that the
/// tokenizer puts around it. Empty where there is nothing to read.
std::vector<int32_t> prompt_ids(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                                std::span<const int32_t> ends, std::string_view text, bool parse_special = true);

/// The ids of a conversation: special tokens that its template writes are recognised, those that somebody typed are text.
/// What stands before a document stands there once, whether the template writes it or not.
std::vector<int32_t> chat_ids(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                              std::span<const int32_t> ends, const chat::RenderedChat& chat);

/// The ids of the special tokens that end an answer to a conversation, beside those that end every text.
std::vector<int32_t> end_of_turn_ids(const tokenizer::Tokenizer& tokenizer, const chat::RenderedChat& chat);

/// The ids of the marks of a family's answers that are special tokens (Request::spelled_ids).
std::vector<int32_t> mark_ids(const tokenizer::Tokenizer& tokenizer, const chat::AnswerFamily& family);

}  // namespace malmoi::infer
