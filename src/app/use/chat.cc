#include "app/use/chat.h"

#include <algorithm>

#include "base/file.h"
#include "chat/answer/answer_parser.h"
#include "chat/published_template.h"
#include "infer/prompt.h"
#include "model/gguf_config.h"
#include "tokenizer/special_ids.h"

namespace malmoi::app {

namespace {

// Written out, each of them would be one token.
std::vector<std::string> special_tokens(const tokenizer::Tokenizer& tokenizer) {
  std::vector<std::string> tokens;
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    if (tokenizer.is_special(id)) tokens.push_back(tokenizer.piece(id));
  }
  return tokens;
}

// A template stands in a file of its own (newer folders) or in tokenizer_config.json, which names special tokens for both.
Result<chat::PublishedTemplate> published(const Path& file, const Json& config, const std::string& config_name) {
  if (!malmoi::exists(file)) return chat::PublishedTemplate::of_config(config, config_name);
  MALMOI_ASSIGN(std::string source, read_file(file, 16 << 20));
  return chat::PublishedTemplate::of_text(source, file.string(), chat::special_tokens_of(config));
}

}  // namespace

Result<chat::ChatTemplate> chat_template(const Path& folder, const tokenizer::Tokenizer& tokenizer,
                                         const std::string& choice) {
  if (choice == "plain") return chat::ChatTemplate::plain();
  const Path file = folder / "chat_template.jinja";
  std::string config_name = (folder / "tokenizer_config.json").string();
  Json config = Json::object();
  if (model::is_gguf(folder)) {  // template and special tokens stand in the tokenizer's metadata
    config_name = folder.string() + ": tokenizer.chat_template";
    MALMOI_ASSIGN(config, parse_json(tokenizer::tokenizer_config_json(tokenizer), config_name));
  } else if (malmoi::exists(config_name)) {
    MALMOI_ASSIGN(config, read_json(config_name, 64 << 20));
  }
  const bool in_config = config.is_object() && config.contains("chat_template") && !config["chat_template"].is_null();
  if (!malmoi::exists(file) && !in_config) return chat::ChatTemplate::plain();
  auto own = published(file, config, config_name);
  if (own.ok()) return chat::ChatTemplate::of_model(*std::move(own), special_tokens(tokenizer));
  Error error = std::move(own).error();
  error.remedy = "use --chat-template plain, or correct the template";
  return chat::ChatTemplate::broken(std::move(error));
}

Result<Chat> Chat::start(const LoadedModel& loaded, const ChatOptions& chat, GenerateOptions options) {
  MALMOI_TRY(infer::check_generates(*loaded.model));
  MALMOI_ASSIGN(chat::ChatTemplate chosen, chat_template(loaded.folder, *loaded.tokenizer, chat.chat_template));
  MALMOI_TRY(chosen.render({{"user", "?"}}));  // a template that cannot be followed is said at once
  return Chat(loaded, std::move(chosen), chat.system, std::move(options));
}

Chat::Chat(const LoadedModel& loaded, chat::ChatTemplate chat_template, const std::string& system,
           GenerateOptions options)
    : loaded_(&loaded), template_(std::move(chat_template)), options_(std::move(options)) {
  options_.parse_special = false;  // what a user writes is text
  if (!system.empty()) messages_.push_back({"system", system});
  first_turn_ = messages_.size();
}

// Leaves a quarter of the context to the answer where it can.
Result<Chat::Prompt> Chat::render_to_fit() {
  int64_t context = loaded_->model->max_positions();
  int64_t room = context - std::clamp<int64_t>(options_.max_tokens, 1, std::max<int64_t>(1, context / 4));
  while (true) {
    Prompt prompt;
    MALMOI_ASSIGN(prompt.chat, template_.render(messages_));
    prompt.ids = infer::chat_ids(*loaded_->model, *loaded_->tokenizer, loaded_->stop_ids, prompt.chat);
    if (static_cast<int64_t>(prompt.ids.size()) <= room || messages_.size() < first_turn_ + 3) return prompt;
    messages_.erase(messages_.begin() + static_cast<std::ptrdiff_t>(first_turn_),
                    messages_.begin() + static_cast<std::ptrdiff_t>(first_turn_ + 2));
    ++forgotten_;
  }
}

namespace {

// What comes of an answer becomes a message, and is told on the way.
class Listener {
 public:
  Listener(const chat::AnswerFamily* family, std::string_view prompt, const TextReceiver& on_text,
           const TextReceiver& on_reasoning)
      : on_text_(on_text), on_reasoning_(on_reasoning) {
    if (family) parser_ = family->parser(prompt);
  }
  void hear(const std::string& piece) {
    if (parser_) take(parser_->push(piece));
    else say(piece);
  }
  chat::Message finish() {
    if (parser_) take(parser_->finish());
    return std::move(message_);
  }
  const std::string& said() const { return said_; }

 private:
  void say(const std::string& text) {
    message_.content += text;
    tell(text);
  }
  void tell(const std::string& text) {
    said_ += text;
    if (on_text_) on_text_(text);
  }
  void take(const std::vector<chat::AnswerEvent>& events) {
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

  const TextReceiver &on_text_, &on_reasoning_;
  std::unique_ptr<chat::AnswerParser> parser_;
  chat::Message message_{.role = "assistant"};
  std::string said_;
};

}  // namespace

Result<std::string> Chat::say(const std::string& message, const TextReceiver& on_text, const StopToken& stop,
                              const TextReceiver& on_reasoning) {
  messages_.push_back({"user", message});
  std::string said;
  auto answer = [&]() -> Result<chat::Message> {
    MALMOI_ASSIGN(Prompt prompt, render_to_fit());
    GenerateOptions options = options_;
    options.prompt_ids = std::move(prompt.ids);
    options.end_ids = infer::end_of_turn_ids(*loaded_->tokenizer, prompt.chat);
    options.stop.insert(options.stop.end(), prompt.chat.stop.begin(), prompt.chat.stop.end());
    options.trim_start = prompt.chat.trim_start;
    const chat::AnswerFamily* family = template_.answers();
    if (family) options.spelled_ids = infer::mark_ids(*loaded_->tokenizer, *family);
    Listener listener(family, prompt.chat.prompt, on_text, on_reasoning);
    MALMOI_TRY(generate(
        *loaded_, options, [&](const std::string& piece) { listener.hear(piece); }, stop));
    chat::Message heard = listener.finish();
    said = listener.said();
    return heard;
  }();
  if (!answer.ok()) {
    messages_.pop_back();
    return std::move(answer).error();
  }
  messages_.push_back(*std::move(answer));
  return said;
}

}  // namespace malmoi::app
