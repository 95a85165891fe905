// What comes of an answer becomes a message, and is told on the way.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chat/answer/answer_parser.h"
#include "chat/message.h"

namespace malmoi::app {

/// Is told text as it comes; may be null.
using TextReceiver = std::function<void(const std::string&)>;

/// Hears the pieces of one answer. The receivers must outlive it.
class ChatListener {
 public:
  /// `family`: how thoughts and calls are told apart in what follows `prompt`; null: all of it is said.
  ChatListener(const chat::AnswerFamily* family, std::string_view prompt, const TextReceiver& on_text,
               const TextReceiver& on_reasoning);
  void hear(const std::string& piece);
  /// The whole answer, once nothing more comes.
  chat::Message finish();
  /// What was told to `on_text` so far.
  const std::string& said() const { return said_; }

 private:
  void say(const std::string& text);
  void tell(const std::string& text);
  void take(const std::vector<chat::AnswerEvent>& events);

  const TextReceiver &on_text_, &on_reasoning_;
  std::unique_ptr<chat::AnswerParser> parser_;
  chat::Message message_{.role = "assistant"};
  std::string said_;
};

}  // namespace malmoi::app
