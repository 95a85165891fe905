#include "app/use/chat.h"

#include <algorithm>

#include "app/use/token_biases.h"
#include "base/file.h"
#include "chat/published_template.h"
#include "infer/constraints.h"
#include "infer/prompt.h"
#include "infer/state_budget.h"
#include "model/gguf_config.h"
#include "tokenizer/document_marks.h"
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

// What the messages say, one after the other, as a model reads texts that was trained on texts alone.
Result<chat::ChatTemplate> texts_alone(const tokenizer::Tokenizer& tokenizer) {
  constexpr std::string_view kSource =
      "{% for message in messages %}{{ message.content }}{% if message.role == 'assistant' %}{{ eos_token }}{% endif %}"
      "{% endfor %}";
  const auto end = tokenizer::document_marks(tokenizer).after;
  Json special = {{"eos_token", end ? std::string(tokenizer.piece(*end)) : std::string()}};
  MALMOI_ASSIGN(chat::PublishedTemplate source,
                chat::PublishedTemplate::of_text(kSource, "the template none", std::move(special)));
  return chat::ChatTemplate::of_model(std::move(source), special_tokens(tokenizer));
}

}  // namespace

Result<chat::ChatTemplate> chat_template(const Path& folder, const tokenizer::Tokenizer& tokenizer,
                                         const std::string& choice) {
  if (choice == "plain") return chat::ChatTemplate::plain();
  if (choice == "none") return texts_alone(tokenizer);
  const bool given = choice != "auto";
  const Path file = given ? Path(choice) : folder / "chat_template.jinja";
  if (given && !malmoi::exists(file))
    return not_found("there is no such chat template", choice, "give auto, plain, none or a .jinja file");
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

namespace {

// Where the turns begin.
size_t count_system(const std::vector<chat::Message>& messages) {
  auto is_system = [](const chat::Message& message) { return message.role == "system" || message.role == "developer"; };
  return static_cast<size_t>(std::ranges::find_if_not(messages, is_system) - messages.begin());
}

// As they stand before the next message, of which the template shows its place.
std::vector<chat::Message> with_question(std::vector<chat::Message> messages, const std::string& question) {
  if (messages.empty() || messages.back().role != "user") messages.push_back({"user", question});
  return messages;
}

Status check_options(const LoadedModel& loaded, const GenerateOptions& options) {
  MALMOI_TRY(options.sampling.check());
  chat::SamplingOptions biased;
  return add_token_biases(loaded.tokenizer.get(), options.token_biases, biased);
}

Status check_order(const std::vector<chat::Message>& messages) {
  const size_t first = count_system(messages);
  for (size_t i = first; i < messages.size(); ++i) {
    const std::string& role = messages[i].role;
    const std::string where = "messages[" + std::to_string(i) + "].role";
    if (role != "user" && role != "assistant" && role != "tool")
      return invalid_data("'" + role + "' cannot stand here", where, "use user, assistant or tool after the system's");
    const bool follows_user = i > first && messages[i - 1].role == "user";
    if (role == "user" ? follows_user : i == first)
      return invalid_data("'" + role + "' cannot stand here", where, "user and assistant take turns, the user first");
  }
  return {};
}

}  // namespace

double ChatAnswer::tokens_per_second() const {
  const double writing = seconds - first_seconds;
  if (generated_tokens > 1 && writing > 0) return static_cast<double>(generated_tokens - 1) / writing;
  return seconds > 0 ? static_cast<double>(generated_tokens) / seconds : 0;
}

Result<Chat> Chat::start(const LoadedModel& loaded, const ChatOptions& chat, GenerateOptions options) {
  MALMOI_TRY(infer::check_generates(*loaded.model));
  MALMOI_TRY(check_options(loaded, options));
  MALMOI_ASSIGN(chat::ChatTemplate chosen, chat_template(loaded.folder, *loaded.tokenizer, chat.chat_template));
  MALMOI_TRY(chosen.render({{"user", "?"}}));  // a template that cannot be followed is said at once
  if (options.constraint) {
    MALMOI_ASSIGN(options.grammar, infer::Constraints(*loaded.tokenizer).compile(*options.constraint));
  }
  // Each turn begins as the last one did.
  const size_t state_bytes = infer::default_state_bytes();
  MALMOI_ASSIGN(auto scheduler, infer::Scheduler::create(*loaded.model, {.max_running = 1,
                                                                         .state_bytes = state_bytes,
                                                                         .keys = options.keys,
                                                                         .prefix_bytes = state_bytes / 2,
                                                                         .drafter = options.drafter}));
  return Chat(loaded, std::move(chosen), std::move(scheduler), chat.system, std::move(options));
}

Chat::Chat(const LoadedModel& loaded, chat::ChatTemplate chat_template, std::unique_ptr<infer::Scheduler> scheduler,
           const std::string& system, GenerateOptions options)
    : loaded_(&loaded),
      template_(std::move(chat_template)),
      scheduler_(std::move(scheduler)),
      options_(std::move(options)) {
  options_.parse_special = false;  // what a user writes is text
  if (!system.empty()) messages_.push_back({"system", system});
  first_turn_ = messages_.size();
}

Result<Chat::Prompt> Chat::render(const std::vector<chat::Message>& messages) const {
  Prompt prompt;
  MALMOI_ASSIGN(prompt.chat, template_.render(messages));
  prompt.ids = infer::chat_ids(*loaded_->model, *loaded_->tokenizer, loaded_->stop_ids, prompt.chat);
  return prompt;
}

// Leaves a quarter of the context to the answer where it can.
Result<Chat::Prompt> Chat::render_to_fit() {
  int64_t context = loaded_->model->max_positions();
  int64_t room = context - std::clamp<int64_t>(options_.max_tokens, 1, std::max<int64_t>(1, context / 4));
  while (true) {
    MALMOI_ASSIGN(Prompt prompt, render(messages_));
    const auto oldest = messages_.begin() + static_cast<std::ptrdiff_t>(first_turn_);
    const auto next = std::find_if(oldest + 1, messages_.end(), [](const auto& m) { return m.role == "user"; });
    if (static_cast<int64_t>(prompt.ids.size()) <= room || next == messages_.end()) return prompt;
    messages_.erase(oldest, next);
    ++forgotten_;
  }
}

Result<ChatAnswer> Chat::answer(const TextReceiver& on_text, const StopToken& stop, const TextReceiver& on_reasoning) {
  MALMOI_ASSIGN(Prompt prompt, render_to_fit());
  GenerateOptions options = options_;
  options.prompt_ids = std::move(prompt.ids);
  options.sampling.seed += draws_;
  options.end_ids = infer::end_of_turn_ids(*loaded_->tokenizer, prompt.chat);
  options.stop.insert(options.stop.end(), prompt.chat.stop.begin(), prompt.chat.stop.end());
  options.trim_start = prompt.chat.trim_start;
  const chat::AnswerFamily* family = template_.answers();
  if (family) options.spelled_ids = infer::mark_ids(*loaded_->tokenizer, *family);
  ChatListener listener(family, prompt.chat.prompt, on_text, on_reasoning);
  auto hear = [&](const std::string& piece) { listener.hear(piece); };
  MALMOI_ASSIGN(Generated generated, generate(*loaded_, *scheduler_, options, hear, stop));
  messages_.push_back(listener.finish());
  return ChatAnswer{.text = listener.said(),
                    .finish_reason = generated.finish_reason,
                    .prompt_tokens = generated.prompt_tokens,
                    .generated_tokens = generated.generated_tokens,
                    .seconds = generated.seconds,
                    .first_seconds = generated.first_seconds};
}

// Turns that made room for what did not fit after all come back.
void Chat::go_back_to(Turns before) {
  messages_ = std::move(before.messages);
  forgotten_ = before.forgotten;
}

Result<ChatAnswer> Chat::say(const std::string& message, const TextReceiver& on_text, const StopToken& stop,
                             const TextReceiver& on_reasoning) {
  if (waits()) return usage_error("the last message has no answer yet", "", "answer it again, or take it back, first");
  Turns before = turns();
  messages_.push_back({"user", message});
  draws_ = 0;
  auto answered = answer(on_text, stop, on_reasoning);
  if (!answered.ok()) go_back_to(std::move(before));
  return answered;
}

std::optional<size_t> Chat::last_question() const {
  for (size_t i = messages_.size(); i > first_turn_; --i) {
    if (messages_[i - 1].role == "user") return i - 1;
  }
  return {};
}

Result<ChatAnswer> Chat::retry(const TextReceiver& on_text, const StopToken& stop, const TextReceiver& on_reasoning) {
  const std::optional<size_t> question = last_question();
  if (!question) return usage_error("there is no message to answer", "", "write one");
  Turns before = turns();
  if (!waits()) ++draws_;
  messages_.resize(*question + 1);
  auto answered = answer(on_text, stop, on_reasoning);
  const bool nothing = answered.ok() && answered->finish_reason == "cancelled" && answered->generated_tokens == 0;
  if (nothing || !answered.ok()) go_back_to(std::move(before));
  return answered;
}

Status Chat::replace(std::vector<chat::Message> messages) {
  MALMOI_TRY(check_order(messages));
  MALMOI_TRY(template_.render(with_question(messages, "?")));
  messages_ = std::move(messages);
  first_turn_ = count_system(messages_);
  draws_ = 0;
  return {};
}

void Chat::clear() {
  messages_.resize(first_turn_);
  draws_ = 0;
}

std::optional<std::string> Chat::undo() {
  const std::optional<size_t> question = last_question();
  if (!question) return {};
  std::string message = std::move(messages_[*question].content);
  messages_.resize(*question);
  draws_ = 0;
  return message;
}

std::string Chat::system() const {
  std::string text;
  for (size_t i = 0; i < first_turn_; ++i) text += (i > 0 ? "\n\n" : "") + messages_[i].content;
  return text;
}

Status Chat::set_system(const std::string& text) {
  std::vector<chat::Message> messages(messages_.begin() + static_cast<std::ptrdiff_t>(first_turn_), messages_.end());
  if (!text.empty()) messages.insert(messages.begin(), {"system", text});
  MALMOI_TRY(template_.render(with_question(messages, "?")));
  messages_ = std::move(messages);
  first_turn_ = text.empty() ? 0 : 1;
  return {};
}

Status Chat::set_options(const GenerateOptions& options) {
  MALMOI_TRY(check_options(*loaded_, options));
  options_ = options;
  options_.parse_special = false;
  return {};
}

Result<ChatSize> Chat::size() const {
  MALMOI_ASSIGN(Prompt prompt, render(with_question(messages_, "")));
  return ChatSize{static_cast<int64_t>(prompt.ids.size()), loaded_->model->max_positions()};
}

}  // namespace malmoi::app
