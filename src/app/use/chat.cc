#include "app/use/chat.h"

#include <algorithm>

#include "infer/prompt.h"

namespace malmoi::app {

// A template stands in a file of its own (newer folders) or in tokenizer_config.json.
Result<chat::ChatTemplate> chat_template(const Path& folder, const std::string& choice) {
  std::error_code ignored;
  auto has = [&](const char* name) { return std::filesystem::exists(folder / name, ignored); };
  if (choice == "plain") return chat::ChatTemplate::plain();
  if (has("chat_template.jinja"))
    return chat::ChatTemplate::of_model(Json{{"chat_template", true}}, "chat_template.jinja");
  if (!has("tokenizer_config.json")) return chat::ChatTemplate::plain();
  MALMOI_ASSIGN(Json config, read_json((folder / "tokenizer_config.json").string(), 64 << 20));
  return chat::ChatTemplate::of_model(config, "tokenizer_config.json");
}

Result<Chat> Chat::start(const LoadedModel& loaded, const ChatOptions& chat, GenerateOptions options) {
  MALMOI_TRY(infer::check_generates(*loaded.model));
  MALMOI_ASSIGN(chat::ChatTemplate chosen, chat_template(loaded.folder, chat.chat_template));
  MALMOI_TRY(chosen.render({{"user", ""}}));  // a template that cannot be followed is said at once
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
Result<chat::RenderedChat> Chat::render_to_fit() {
  int64_t context = loaded_->model->max_positions();
  int64_t room = context - std::clamp<int64_t>(options_.max_tokens, 1, std::max<int64_t>(1, context / 4));
  while (true) {
    MALMOI_ASSIGN(chat::RenderedChat chat, template_.render(messages_));
    auto length =
        static_cast<int64_t>(infer::prompt_ids(*loaded_->model, *loaded_->tokenizer, {}, chat.prompt, false).size());
    if (length <= room || messages_.size() < first_turn_ + 3) return chat;
    messages_.erase(messages_.begin() + static_cast<std::ptrdiff_t>(first_turn_),
                    messages_.begin() + static_cast<std::ptrdiff_t>(first_turn_ + 2));
    ++forgotten_;
  }
}

Result<std::string> Chat::say(const std::string& message, const std::function<void(const std::string&)>& on_text,
                              const StopToken& stop) {
  messages_.push_back({"user", message});
  auto answer = [&]() -> Result<std::string> {
    MALMOI_ASSIGN(chat::RenderedChat chat, render_to_fit());
    GenerateOptions options = options_;
    options.prompt = chat.prompt;
    options.stop.insert(options.stop.end(), chat.stop.begin(), chat.stop.end());
    options.trim_start = chat.trim_start;
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
