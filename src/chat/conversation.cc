#include "chat/conversation.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace malmoi::chat {
namespace {

// More than a mark with the white space behind it: what parsers ask of a prompt.
constexpr size_t kPromptEnd = 128;

std::string end_of(const std::string& prompt) {
  return prompt.substr(prompt.size() - std::min(prompt.size(), kPromptEnd));
}

// The switches that templates read: enable_thinking (Qwen 3, SmolLM3, EXAONE 4), thinking (DeepSeek 3.1, Granite),
// reasoning_effort (gpt-oss).
std::string switches_of(const Thinking& thinking) {
  if (!thinking.wanted) return "";
  Json variables = {{"enable_thinking", *thinking.wanted}, {"thinking", *thinking.wanted}};
  if (!thinking.effort.empty()) variables["reasoning_effort"] = thinking.effort;
  return dump_json(variables);
}

}  // namespace

Result<RenderedChat> begin_answer(const ChatTemplate& chat_template, GenerationRequest& request) {
  const bool with_calls = request.tools.are_allowed();
  if (with_calls && request.constraint)
    return unsupported("tools beside a rule for the whole answer are not supported", "tools",
                       "leave one of them out, or set tool_choice to 'none'");
  RenderOptions options{.variables = switches_of(request.thinking)};
  if (with_calls) options.tools = request.tools.functions;
  const auto& messages = std::get<std::vector<Message>>(request.prompt);
  MALMOI_ASSIGN(RenderedChat chat, chat_template.render(messages, options));
  if (request.thinking.wanted.value_or(false) && !chat_template.thinks())
    return unsupported("the model's chat template knows no thoughts", request.thinking.field,
                       "leave it out, or use a model that was trained to think");
  request.stop.insert(request.stop.end(), chat.stop.begin(), chat.stop.end());
  request.trim_start = chat.trim_start;
  const AnswerFamily* family = chat_template.answers();
  if (!family || request.constraint) return chat;
  const bool is_call = with_calls && request.tools.choice == ToolUse::Choice::kRequired;
  request.form = {.family = family,
                  .prompt_end = end_of(chat.prompt),
                  .with_calls = with_calls,
                  .in_content = is_continued(messages) && !is_call};
  if (!is_call) return chat;
  MALMOI_ASSIGN(ForcedCall forced, force_call(request.tools, chat_template.call_form()));
  const std::string_view thought_end = open_parser(request.form)->thought_end();
  std::string& begun = request.form.begun;
  if (!thought_end.empty()) begun = "\n" + std::string(thought_end) + "\n\n";
  begun += forced.begun;
  chat.prompt += begun;
  request.constraint = Constraint{Constraint::Kind::kJsonSchema, std::move(forced.schema)};
  return chat;
}

std::unique_ptr<AnswerParser> open_parser(const AnswerForm& form) {
  if (!form.family) return nullptr;
  std::unique_ptr<AnswerParser> parser =
      form.family->parser({.prompt = form.prompt_end, .with_calls = form.with_calls, .in_content = form.in_content});
  (void)parser->push(form.begun);  // marks alone
  return parser;
}

}  // namespace malmoi::chat
