#include "chat/chat_template.h"

#include "base/json.h"
#include "chat/answer/answer_parser.h"
#include "chat/published_template.h"
#include "chat/typed_tokens.h"

namespace malmoi::chat {
namespace {

// Marks special tokens in whatever the request brings: texts of messages, tools, variables, and keys, which templates print.
void mark(const TypedTokens& tokens, Json& value) {
  if (value.is_string()) value = tokens.marked(value.get_ref<const std::string&>());
  if (value.is_array()) {
    for (Json& item : value) mark(tokens, item);
  }
  if (!value.is_object()) return;
  Json made = Json::object();
  for (auto& [key, item] : value.items()) {
    mark(tokens, item);
    made[tokens.marked(key)] = std::move(item);
  }
  value = std::move(made);
}

// A model's template expects arguments as objects, where they are JSON; some clients send nothing for none.
Json tool_call(const ToolCall& call) {
  auto arguments = parse_json(call.arguments.empty() ? "{}" : call.arguments, "arguments");
  Json function = {{"name", call.name}};
  if (arguments.ok()) function["arguments"] = *std::move(arguments);
  else function["arguments"] = call.arguments;
  Json made = {{"type", "function"}, {"function", std::move(function)}};
  if (!call.id.empty()) made["id"] = call.id;
  return made;
}

Json message_json(const Message& message) {
  Json made = {{"role", message.role}, {"content", message.content}};
  if (!message.parts.empty()) {
    Json parts = Json::array();
    for (const ContentPart& part : message.parts) {
      Json entry = {{"type", part.type}};
      if (part.type == "text") entry["text"] = part.text;
      parts.push_back(std::move(entry));
    }
    made["content"] = std::move(parts);
  }
  if (!message.reasoning_content.empty()) made["reasoning_content"] = message.reasoning_content;
  if (!message.tool_call_id.empty()) made["tool_call_id"] = message.tool_call_id;
  if (!message.name.empty()) made["name"] = message.name;
  for (const ToolCall& call : message.tool_calls) made["tool_calls"].push_back(tool_call(call));
  return made;
}

// By the words that templates have for thoughts: marks as <think> and [THINK], fields as reasoning_content, switches.
bool tells_thoughts(const std::string& source) {
  return source.find("think") != source.npos || source.find("THINK") != source.npos ||
         source.find("reasoning") != source.npos;
}

}  // namespace

bool is_continued(const std::vector<Message>& messages) {
  return !messages.empty() && messages.back().role == "assistant" && messages.back().tool_calls.empty();
}

RenderedChat render_plain(const std::vector<Message>& messages) {
  const bool goes_on = is_continued(messages);
  RenderedChat chat{.stop = {"\nuser:", "\nassistant:", "\nsystem:"}, .trim_start = !goes_on};
  for (const Message& m : messages) {
    if (m.role == "system" || m.role == "developer") chat.prompt += m.content + "\n\n";
    else chat.prompt += m.role + ": " + m.content + "\n";
  }
  if (goes_on) chat.prompt.pop_back();
  else chat.prompt += "assistant:";
  chat.literal = {{0, chat.prompt.size()}};  // all of it is text
  return chat;
}

struct ChatTemplate::Own {
  PublishedTemplate published;
  TypedTokens tokens;
  const AnswerFamily* answers;
  CallForm call_form;
  bool reads_tools;
  bool tells_thoughts;
  std::vector<std::string> end_of_turn = {};
};

ChatTemplate ChatTemplate::of_model(PublishedTemplate published, std::vector<std::string> special_tokens) {
  const std::string source = published.source();
  const AnswerFamily* answers = &answer_family(source);
  Own own{.published = std::move(published),
          .tokens = TypedTokens(std::move(special_tokens)),
          .answers = answers,
          .call_form = answers->call_form(source),
          .reads_tools = source.find("tools") != source.npos,
          .tells_thoughts = tells_thoughts(source)};
  // What the template writes after an assistant's words ends its turn. A template that refuses so short a conversation, or
  // changes the words, ends turns by the model's own end of text alone.
  constexpr std::string_view kWords = "malmoi";
  Json turns = Json::array({{{"role", "user"}, {"content", "?"}}, {{"role", "assistant"}, {"content", kWords}}});
  auto shown = own.published.render(Json{{"messages", std::move(turns)}}, jinja::local_moment());
  size_t words = shown.ok() ? shown->text.rfind(kWords) : std::string::npos;
  if (words != std::string::npos) {
    std::string_view after = std::string_view(shown->text).substr(words + kWords.size());
    after.remove_prefix(std::min(after.find_first_not_of(" \n"), after.size()));
    if (std::string_view token = own.tokens.at_beginning(after); !token.empty()) own.end_of_turn.emplace_back(token);
  }
  ChatTemplate made;
  made.own_ = std::make_shared<const Own>(std::move(own));
  return made;
}

ChatTemplate ChatTemplate::broken(Error error) {
  ChatTemplate made;
  made.broken_ = std::make_shared<const Error>(std::move(error));
  return made;
}

bool ChatTemplate::takes_tools() const { return own_ && own_->reads_tools; }
bool ChatTemplate::thinks() const { return own_ && own_->tells_thoughts; }
const AnswerFamily* ChatTemplate::answers() const { return own_ ? own_->answers : nullptr; }
CallForm ChatTemplate::call_form() const { return own_ ? own_->call_form : CallForm{}; }

Result<RenderedChat> ChatTemplate::render(const std::vector<Message>& messages, const RenderOptions& options) const {
  if (broken_) return *broken_;
  if (!options.tools.empty() && !(own_ && own_->reads_tools))
    return unsupported("the model's chat template knows no tools", "tools",
                       "leave them out, or use a model that was trained to call functions");
  if (!own_) return render_plain(messages);
  Json variables = Json::object();
  if (!options.variables.empty()) {
    MALMOI_ASSIGN(variables, parse_json(options.variables, "variables"));
    if (!variables.is_object()) return usage_error("is no JSON object", "variables", "give names and values");
  }
  if (!options.tools.empty()) {
    MALMOI_ASSIGN(variables["tools"], parse_json(options.tools, "tools"));
  }
  Json turns = Json::array();
  for (const Message& message : messages) turns.push_back(message_json(message));
  const bool goes_on = is_continued(messages);
  variables["messages"] = std::move(turns);
  mark(own_->tokens, variables);
  if (goes_on) {
    Json& content = variables["messages"].back()["content"];
    if (content.is_array()) content.push_back({{"type", "text"}, {"text", kContinuationMark}});
    else content.get_ref<std::string&>() += kContinuationMark;
  }
  variables["add_generation_prompt"] = !goes_on;
  MALMOI_ASSIGN(jinja::Rendered shown, own_->published.render(std::move(variables), jinja::local_moment()));
  if (goes_on) {
    size_t end = shown.text.rfind(kContinuationMark);
    if (end == std::string::npos)
      return unsupported("the model's chat template does not show the last message as it is", "messages",
                         "end with a message of the user");
    shown.text.resize(end);
  }
  TypedTokens::Unmarked unmarked = own_->tokens.unmarked(shown.text);
  return RenderedChat{
      .prompt = std::move(unmarked.text), .literal = std::move(unmarked.typed), .end_of_turn = own_->end_of_turn};
}

}  // namespace malmoi::chat
