#include "chat/chat_template.h"

namespace malmoi::chat {

RenderedChat render_plain(const std::vector<Message>& messages) {
  RenderedChat chat{.stop = {"\nuser:", "\nassistant:", "\nsystem:"}, .trim_start = true};
  for (size_t i = 0; i < messages.size(); ++i) {
    const Message& m = messages[i];
    bool last = i + 1 == messages.size();
    if (m.role == "system" || m.role == "developer") {
      chat.prompt += m.content + "\n\n";
    } else if (last && m.role == "assistant") {
      chat.prompt += "assistant: " + m.content;
      chat.trim_start = false;
      return chat;
    } else {
      chat.prompt += m.role + ": " + m.content + "\n";
    }
  }
  chat.prompt += "assistant:";
  return chat;
}

ChatTemplate ChatTemplate::of_model(const Json& tokenizer_config, std::string file) {
  bool has = tokenizer_config.is_object() && tokenizer_config.contains("chat_template") &&
             !tokenizer_config["chat_template"].is_null();
  return ChatTemplate(has ? std::move(file) : "");
}

Result<RenderedChat> ChatTemplate::render(const std::vector<Message>& messages) const {
  if (!refusal_.empty())
    return unsupported(
        "the model has a chat template of its own (in " + refusal_ + ", in Jinja), which is not interpreted yet",
        "messages", "use --chat-template plain, or continue text formatted elsewhere (generate, /v1/completions)");
  return render_plain(messages);
}

}  // namespace malmoi::chat
