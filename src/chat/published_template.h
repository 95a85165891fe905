// The chat template that a model is published with: chat_template.jinja, or `chat_template` of tokenizer_config.json.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "chat/jinja/template.h"

namespace malmoi::chat {

/// One template, or two of which one is for conversations with tools; and the special tokens that it may name. Immutable:
/// many threads may render one at once.
class PublishedTemplate {
 public:
  /// `name`: what errors call it. `special_tokens`: as special_tokens_of() has them. Errors: name, line and column of what is
  /// no template.
  static Result<PublishedTemplate> of_text(std::string_view source, std::string name,
                                           Json special_tokens = Json::object());
  /// tokenizer_config.json: `chat_template` is a text, or a list of {name, template} of which `tool_use` answers where there
  /// are tools, `default` else. bos_token, eos_token ... (a text, or `content` of an object) become variables. Errors: no
  /// chat_template in it, another form of one.
  static Result<PublishedTemplate> of_config(const Json& config, const std::string& name);

  /// Of transformers' apply_chat_template: `variables` has messages, tools, documents, add_generation_prompt and whatever
  /// else the template asks for; null or absent: the first two None, add_generation_prompt False. Keys of messages that are
  /// null are left out, and reasoning_content, thinking and reasoning stand for each other. Errors: messages that are no
  /// list of objects or an empty one; tools or documents that are none; what the template raises.
  Result<jinja::Rendered> render(Json variables, const jinja::Run::Moment& now) const;

  /// Special tokens by the names of their variables, for another template beside the same tokenizer.
  const Json& special_tokens() const { return special_tokens_; }
  /// Sources, one after the other: what family it is shows in them.
  std::string source() const;

 private:
  PublishedTemplate(jinja::Template single, Json special_tokens)
      : default_(std::move(single)), special_tokens_(std::move(special_tokens)) {}

  jinja::Template default_;
  std::optional<jinja::Template> tool_use_;
  Json special_tokens_;
};

/// bos_token, eos_token, unk_token, sep_token, pad_token, cls_token and mask_token of a tokenizer_config.json.
Json special_tokens_of(const Json& config);

}  // namespace malmoi::chat
