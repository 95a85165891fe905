// From a conversation to the one text that a model continues.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "chat/message.h"

namespace malmoi::chat {

/// A conversation's text and the texts that end an answer to it.
struct RenderedChat {
  std::string prompt;
  std::vector<std::string> stop;
  bool trim_start = false;  // white space at the answer's beginning belongs to the template
};

/// The plain template, for models that were trained without one. A message is a line `role: content`; system and
/// developer messages stand as they are, followed by an empty line. The text ends with `assistant:`, which the model
/// continues; a line that begins another turn ends the answer. A last message of the assistant is continued.
///
///     You are brief.
///
///     user: Hello
///     assistant:
RenderedChat render_plain(const std::vector<Message>& messages);

/// Which template a model's chats go through.
class ChatTemplate {
 public:
  static ChatTemplate plain() { return ChatTemplate(""); }
  /// `tokenizer_config`: the model's own (null if it has none). A model with a `chat_template` (Jinja) of its own is not
  /// given another one silently: rendering is then an error that names it and the remedy.
  static ChatTemplate of_model(const Json& tokenizer_config, std::string file);

  Result<RenderedChat> render(const std::vector<Message>& messages) const;
  const char* name() const { return refusal_.empty() ? "plain" : "jinja (not supported)"; }

 private:
  explicit ChatTemplate(std::string refusal) : refusal_(std::move(refusal)) {}
  std::string refusal_;  // the file that holds a template we cannot follow
};

}  // namespace malmoi::chat
