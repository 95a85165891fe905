// `malmoi chat`: a conversation with a model, turn by turn, through the same template as the server's chats.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/use/generate.h"
#include "base/error.h"
#include "chat/chat_template.h"

namespace malmoi::app {

/// The template of a model's chats. `choice`: auto (its own, the plain one where it has none) or plain. Its own stands in
/// chat_template.jinja, tokenizer_config.json or the metadata of a GGUF file; one that cannot be read is an error of every rendering, for the model still
/// continues texts. Errors: a tokenizer_config.json that is no JSON.
Result<chat::ChatTemplate> chat_template(const Path& folder, const tokenizer::Tokenizer& tokenizer,
                                         const std::string& choice);

/// Is told text as it comes; may be null.
using TextReceiver = std::function<void(const std::string&)>;

struct ChatOptions {
  std::string system;                  // what the model is told beforehand; may be empty
  std::string chat_template = "auto";  // see chat_template()
};

/// A conversation: remembers its turns. When they no longer fit the context beside an answer, the oldest are forgotten,
/// never the system message and the newest turn. One thread; the model must outlive it.
class Chat {
 public:
  /// `options`: sampling, length and stop texts of each answer.
  static Result<Chat> start(const LoadedModel& loaded, const ChatOptions& chat, GenerateOptions options);

  /// Streams the answer to one message and returns what it says. Where the model's own template is followed, what it thinks
  /// before it speaks is told apart by the template's family (chat/answer/) and goes to `on_reasoning`; a tool call that it
  /// asks for is said as `name(arguments)`. After an error the message is forgotten. Errors: a message that does not fit the
  /// context by itself, a template that cannot be followed. A requested stop ends the answer where it is, which is no error.
  Result<std::string> say(const std::string& message, const TextReceiver& on_text, const StopToken& stop = {},
                          const TextReceiver& on_reasoning = nullptr);

  /// Turns (a message with its answer) that were forgotten for want of room so far.
  int64_t forgotten() const { return forgotten_; }

 private:
  Chat(const LoadedModel& loaded, chat::ChatTemplate chat_template, const std::string& system, GenerateOptions options);
  struct Prompt {
    std::vector<int32_t> ids;
    chat::RenderedChat chat;
  };
  Result<Prompt> render_to_fit();

  const LoadedModel* loaded_;
  chat::ChatTemplate template_;
  GenerateOptions options_;
  std::vector<chat::Message> messages_;
  size_t first_turn_;  // messages before it are the system's
  int64_t forgotten_ = 0;
};

}  // namespace malmoi::app
