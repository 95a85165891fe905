#include "app/use/chat_listener.h"

#include <utility>

namespace malmoi::app {

ChatListener::ChatListener(const chat::AnswerFamily* family, std::string_view prompt, const TextReceiver& on_text,
                           const TextReceiver& on_reasoning)
    : on_text_(on_text), on_reasoning_(on_reasoning) {
  if (family) parser_ = family->parser({.prompt = prompt});
}

void ChatListener::hear(const std::string& piece) {
  if (parser_) take(parser_->push(piece));
  else say(piece);
}

chat::Message ChatListener::finish() {
  if (parser_) take(parser_->finish());
  return std::move(message_);
}

void ChatListener::say(const std::string& text) {
  message_.content += text;
  tell(text);
}

void ChatListener::tell(const std::string& text) {
  said_ += text;
  if (on_text_) on_text_(text);
}

void ChatListener::take(const std::vector<chat::AnswerEvent>& events) {
  for (const chat::AnswerEvent& event : events) {
    switch (event.kind) {
      case chat::AnswerEvent::Kind::kContent: say(event.text); break;
      case chat::AnswerEvent::Kind::kReasoning:
        message_.reasoning_content += event.text;
        if (on_reasoning_) on_reasoning_(event.text);
        break;
      case chat::AnswerEvent::Kind::kToolCall:
        message_.tool_calls.push_back(event.call);
        tell(event.call.name + "(" + event.call.arguments + ")");
        break;
    }
  }
}

}  // namespace malmoi::app
