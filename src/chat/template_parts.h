// What a model's own chat template is made of, for those who render by it: chat_template.cc and learned_text.cc.
#pragma once

#include <string>
#include <vector>

#include "chat/answer/answer_parser.h"
#include "chat/chat_template.h"
#include "chat/published_template.h"
#include "chat/typed_tokens.h"

namespace malmoi::chat {

struct ChatTemplate::Own {
  PublishedTemplate published;
  TypedTokens tokens;
  const AnswerFamily* answers;
  CallForm call_form;
  bool reads_tools;
  bool tells_thoughts;
  std::vector<std::string> end_of_turn = {};
};

}  // namespace malmoi::chat
