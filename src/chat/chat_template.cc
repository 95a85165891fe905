#include "chat/chat_template.h"

#include "chat/template_messages.h"
#include "chat/template_parts.h"

namespace malmoi::chat {
namespace {

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

Status ChatTemplate::check_tools(const RenderOptions& options) const {
  if (options.tools.empty() || (own_ && own_->reads_tools)) return {};
  return unsupported("the model's chat template knows no tools", "tools",
                     "leave them out, or use a model that was trained to call functions");
}

CallForm ChatTemplate::call_form() const { return own_ ? own_->call_form : CallForm{}; }

Result<RenderedChat> ChatTemplate::render(const std::vector<Message>& messages, const RenderOptions& options) const {
  if (broken_) return *broken_;
  MALMOI_TRY(check_tools(options));
  if (!own_) return render_plain(messages);
  MALMOI_ASSIGN(Json variables, template_variables(options));
  jinja::Run::Moment now = jinja::local_moment();
  if (!options.date.empty()) {
    MALMOI_ASSIGN(now, jinja::parse_moment(options.date));
  }
  Json turns = Json::array();
  for (const Message& message : messages) turns.push_back(message_json(message));
  const bool goes_on = is_continued(messages);
  variables["messages"] = std::move(turns);
  mark_typed(own_->tokens, variables);
  if (goes_on) {
    Json& content = variables["messages"].back()["content"];
    if (content.is_array()) content.push_back({{"type", "text"}, {"text", kContinuationMark}});
    else content.get_ref<std::string&>() += kContinuationMark;
  }
  variables["add_generation_prompt"] = !goes_on;
  MALMOI_ASSIGN(jinja::Rendered shown, own_->published.render(std::move(variables), now));
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
