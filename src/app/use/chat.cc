#include "app/use/chat.h"

#include <algorithm>

#include "base/file.h"
#include "chat/published_template.h"
#include "infer/prompt.h"

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
  MALMOI_ASSIGN(chat::PublishedTemplate made, chat::PublishedTemplate::of_text(source, file.string()));
  made.set_special_tokens(chat::special_tokens_of(config));
  return made;
}

}  // namespace

Result<chat::ChatTemplate> chat_template(const Path& folder, const tokenizer::Tokenizer& tokenizer,
                                         const std::string& choice) {
  if (choice == "plain") return chat::ChatTemplate::plain();
  const Path config_file = folder / "tokenizer_config.json", file = folder / "chat_template.jinja";
  Json config = Json::object();
  if (malmoi::exists(config_file)) {
    MALMOI_ASSIGN(config, read_json(config_file.string(), 64 << 20));
  }
  const bool in_config = config.is_object() && config.contains("chat_template") && !config["chat_template"].is_null();
  if (!malmoi::exists(file) && !in_config) return chat::ChatTemplate::plain();
  auto own = published(file, config, config_file.string());
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

Result<std::string> Chat::say(const std::string& message, const std::function<void(const std::string&)>& on_text,
                              const StopToken& stop) {
  messages_.push_back({"user", message});
  auto answer = [&]() -> Result<std::string> {
    MALMOI_ASSIGN(Prompt prompt, render_to_fit());
    GenerateOptions options = options_;
    options.prompt = prompt.chat.prompt;
    options.prompt_ids = std::move(prompt.ids);
    options.end_ids = infer::end_of_turn_ids(*loaded_->tokenizer, prompt.chat);
    options.stop.insert(options.stop.end(), prompt.chat.stop.begin(), prompt.chat.stop.end());
    options.trim_start = prompt.chat.trim_start;
    std::string text;
    MALMOI_TRY(generate(
        *loaded_, options,
        [&](const std::string& piece) {
          text += piece;
          if (on_text) on_text(piece);
        },
        stop));
    return text;
  }();
  if (answer.ok()) messages_.push_back({"assistant", *answer});
  else messages_.pop_back();
  return answer;
}

}  // namespace malmoi::app
