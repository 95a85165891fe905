// What a parser of answers has to tell, until it is asked for.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/answer/answer_parser.h"

namespace malmoi::chat {

class AnswerEvents {
 public:
  /// Text that goes on with the last event's where that is of the same kind.
  void add(AnswerEvent::Kind kind, std::string_view text) {
    if (text.empty()) return;
    if (!events_.empty() && events_.back().kind == kind) events_.back().text += text;
    else events_.push_back({.kind = kind, .text = std::string(text)});
  }
  void add(ToolCall call) { events_.push_back({.kind = AnswerEvent::Kind::kToolCall, .call = std::move(call)}); }
  std::vector<AnswerEvent> take() { return std::exchange(events_, {}); }

 private:
  std::vector<AnswerEvent> events_;
};

}  // namespace malmoi::chat
