// From a conversation to the one text that a model continues.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "chat/message.h"

namespace malmoi::chat {

struct AnswerFamily;
struct CallForm;
struct LearnedText;
struct LearnOptions;
class PublishedTemplate;

/// A conversation's text and what ends an answer to it.
struct RenderedChat {
  std::string prompt;
  /// Bytes [begin, end) of the prompt in which special tokens are text: those that somebody typed, not the template.
  std::vector<std::pair<size_t, size_t>> literal = {};
  std::vector<std::string> stop = {};         // texts
  std::vector<std::string> end_of_turn = {};  // special tokens, beside those that end every text of the model
  bool trim_start = false;                    // white space at the answer's beginning belongs to the template
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

/// Whether the last message is the assistant's own, which an answer goes on with.
bool is_continued(const std::vector<Message>& messages);

/// What a conversation may say beside its messages.
struct RenderOptions {
  std::string tools = {};      // a JSON list of function schemas; empty: none
  std::string variables = {};  // a JSON object of the template's own (`enable_thinking` ...); empty: none
  std::string date = {};       // what templates are told that today is, as 2026-01-01; empty: today
};

/// Which template a model's chats go through. Immutable; many threads may use one.
class ChatTemplate {
 public:
  static ChatTemplate plain() { return ChatTemplate(); }
  /// The model's own, with the texts of its tokenizer's special tokens: typed in a message they are text (RenderedChat::
  /// literal), and the one that the template ends an assistant's turn with ends an answer.
  static ChatTemplate of_model(PublishedTemplate published, std::vector<std::string> special_tokens);
  /// Of a model whose own template cannot be used: it is given no other one silently. Every rendering is this error.
  static ChatTemplate broken(Error error);

  /// The text to which an answer is wanted; a last message of the assistant is continued. Errors: what the template raises
  /// or does wrong, options that are no JSON, tools for a template that never reads `tools`, a last message that the template
  /// does not show as it is.
  Result<RenderedChat> render(const std::vector<Message>& messages, const RenderOptions& options = {}) const;
  /// A whole conversation, and where the answers stand in it (learned_text.h). It is rendered once whole, and twice more for each
  /// answer to find it; arguments of calls are given as JSON, or as text where a template takes no other. Errors: as render; more
  /// than 4095 messages; a template that says something else for marked words, or whose header before an answer is another
  /// than where it asks for one.
  Result<LearnedText> render_learned(const std::vector<Message>& messages, const LearnOptions& options) const;
  /// How answers to a model's own template are told apart (answer/answer_parser.h). Null of the plain one, to which an answer
  /// is what it is.
  const AnswerFamily* answers() const;
  /// Whether functions may stand in the prompt, and whether the template tells of thoughts; the plain one knows neither.
  bool takes_tools() const;
  bool thinks() const;
  /// How an answer begins a call; of the plain template in no way.
  CallForm call_form() const;

 private:
  struct Own;
  ChatTemplate() = default;
  Status check_tools(const RenderOptions& options) const;
  std::shared_ptr<const Own> own_;
  std::shared_ptr<const Error> broken_;
};

}  // namespace malmoi::chat
