// `malmoi chat`: a conversation with a model, turn by turn, through the same template as the server's chats.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/use/chat_listener.h"
#include "app/use/generate.h"
#include "base/error.h"
#include "chat/chat_template.h"
#include "infer/scheduler.h"

namespace malmoi::app {

/// The template of a model's chats. `choice`: auto (its own, the plain one where it has none), plain, none (what the messages say, one after the
/// other, and the end of text behind an answer: for models of texts), or a file that takes its place. Its own stands in chat_template.jinja, tokenizer_config.json or the metadata of a GGUF file; one that cannot be read is an error of every rendering, for the model still
/// continues texts. Errors: a tokenizer_config.json that is no JSON; a file of the choice's that is not there.
Result<chat::ChatTemplate> chat_template(const Path& folder, const tokenizer::Tokenizer& tokenizer,
                                         const std::string& choice);

struct ChatOptions {
  std::string system;                  // what the model is told beforehand; may be empty
  std::string chat_template = "auto";  // see chat_template()
};

/// An answer, and what it took.
struct ChatAnswer {
  std::string text;           // what it says
  std::string finish_reason;  // stop, length or cancelled
  int64_t prompt_tokens = 0, generated_tokens = 0;
  double seconds = 0, first_seconds = 0;  // from the message to its end, to its first token
  /// How fast it was written: without what came before the first token, of which there may be much to read.
  double tokens_per_second() const;
};

/// How much of the context a conversation takes.
struct ChatSize {
  int64_t tokens = 0;   // all that stands around the next message, with the marks of the template
  int64_t context = 0;  // that prompt and answer share
};

/// A conversation: remembers its turns, each a message of the user with all that follows it. When they no longer fit the
/// context beside an answer, the oldest are forgotten, never the system message and the newest turn. All answers come of one
/// scheduler. One thread; the model must outlive it.
class Chat {
 public:
  /// `options`: sampling, length and stop texts of each answer.
  static Result<Chat> start(const LoadedModel& loaded, const ChatOptions& chat, GenerateOptions options);

  /// Streams the answer to one message and returns what it says. Where the model's own template is followed, what it thinks
  /// before it speaks is told apart by the template's family (chat/answer/) and goes to `on_reasoning`; a tool call that it
  /// asks for is said as `name(arguments)`. After an error the conversation is as it was. Errors: a message that does not fit the
  /// context by itself, a template that cannot be followed, a last message that waits for its answer (see replace()). A
  /// requested stop ends the answer where it is, which is no error.
  Result<ChatAnswer> say(const std::string& message, const TextReceiver& on_text, const StopToken& stop = {},
                         const TextReceiver& on_reasoning = nullptr);
  /// Answers the last message again, by another draw: the n-th time with seed + n. The answer before it is forgotten, unless
  /// there is an error, or a stop before the first token. Errors: those of say(), no message.
  Result<ChatAnswer> retry(const TextReceiver& on_text, const StopToken& stop = {},
                           const TextReceiver& on_reasoning = nullptr);

  /// System messages first.
  const std::vector<chat::Message>& messages() const { return messages_; }
  /// Takes another conversation in place of this one; after an error this one stays. Its last message may be the user's: it
  /// waits for retry(). Errors: roles that are in no order, what the template cannot show.
  Status replace(std::vector<chat::Message> messages);
  /// Forgets the turns, not the system message.
  void clear();
  /// Forgets the newest turn and returns its message; none: there is no turn.
  std::optional<std::string> undo();

  /// What the model is told beforehand; empty: nothing.
  std::string system() const;
  /// Errors: a template that has no place for it; then the one before stays.
  Status set_system(const std::string& text);
  const GenerateOptions& options() const { return options_; }
  /// Of the answers from now on. Errors, after which they stay: a value out of range, a bias of what is no token.
  Status set_options(const GenerateOptions& options);

  /// Errors: those of the template.
  Result<ChatSize> size() const;
  /// Turns that were forgotten for want of room so far.
  int64_t forgotten() const { return forgotten_; }

 private:
  Chat(const LoadedModel& loaded, chat::ChatTemplate chat_template, std::unique_ptr<infer::Scheduler> scheduler,
       const std::string& system, GenerateOptions options);
  struct Prompt {
    std::vector<int32_t> ids;
    chat::RenderedChat chat;
  };
  Result<Prompt> render(const std::vector<chat::Message>& messages) const;
  Result<Prompt> render_to_fit();
  struct Turns {
    std::vector<chat::Message> messages;
    int64_t forgotten;
  };
  Turns turns() const { return {messages_, forgotten_}; }
  void go_back_to(Turns before);
  Result<ChatAnswer> answer(const TextReceiver& on_text, const StopToken& stop, const TextReceiver& on_reasoning);
  bool waits() const { return messages_.size() > first_turn_ && messages_.back().role == "user"; }
  std::optional<size_t> last_question() const;

  const LoadedModel* loaded_;
  chat::ChatTemplate template_;
  std::unique_ptr<infer::Scheduler> scheduler_;
  GenerateOptions options_;
  std::vector<chat::Message> messages_;
  size_t first_turn_;   // messages before it are the system's
  uint64_t draws_ = 0;  // of the last message, beside its first
  int64_t forgotten_ = 0;
};

}  // namespace malmoi::app
