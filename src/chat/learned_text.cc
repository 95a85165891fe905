#include "chat/learned_text.h"

#include "chat/answer_trace.h"
#include "chat/template_messages.h"
#include "chat/template_parts.h"

namespace malmoi::chat {
namespace {

// A message is a line; the line break ends it, the model's end of text the last one.
LearnedText learn_plain(const std::vector<Message>& messages) {
  LearnedText made;
  for (size_t i = 0; i < messages.size(); ++i) {
    const Message& m = messages[i];
    const bool told = m.role == "system" || m.role == "developer";
    if (!told) made.text += m.role + ":";
    const size_t begin = made.text.size();
    made.text += told ? m.content + "\n\n" : " " + m.content + "\n";
    if (m.role != "assistant") continue;
    if (m.content.empty()) made.hidden.push_back(i);
    else made.answers.push_back({i, {begin, made.text.size()}, true});
  }
  if (!made.answers.empty() && made.answers.back().message + 1 == messages.size()) {
    made.text.pop_back();
    --made.answers.back().place.second;
    made.end_of_text = true;
  }
  made.literal = {{0, made.text.size()}};
  return made;
}

Json turns_of(const std::vector<Message>& messages, bool text_arguments) {
  Json turns = Json::array();
  for (const Message& message : messages) turns.push_back(message_json(message, text_arguments));
  return turns;
}

bool has_calls(const std::vector<Message>& messages) {
  for (const Message& message : messages) {
    if (!message.tool_calls.empty()) return true;
  }
  return false;
}

}  // namespace

Result<LearnedText> ChatTemplate::render_learned(const std::vector<Message>& messages,
                                                 const LearnOptions& options) const {
  if (broken_) return *broken_;
  MALMOI_TRY(check_tools(options.render));
  if (!own_) return learn_plain(messages);
  MALMOI_ASSIGN(Json variables, template_variables(options.render));
  MALMOI_ASSIGN(jinja::Run::Moment now, jinja::parse_moment(options.date));
  mark_typed(own_->tokens, variables);
  AnswerTrace trace(own_->published, own_->tokens, std::move(variables), now, options.end_tokens);
  auto traced = trace.follow(turns_of(messages, false));
  if (traced.ok() || !has_calls(messages)) return traced;
  auto with_texts = trace.follow(turns_of(messages, true));
  return with_texts.ok() ? std::move(with_texts) : std::move(traced);
}

}  // namespace malmoi::chat
