#include "protocol/openai_messages.h"

#include <string>
#include <utility>

#include "protocol/conversation_calls.h"
#include "protocol/conversation_lists.h"
#include "protocol/text_parts.h"

namespace malmoi::protocol {
namespace {

std::string read_content(Fields& fields, const std::string& place, bool required) {
  if (required && !fields.raw("content")) fields.fail("content", "the message has no 'content'", "give a text");
  return read_text_parts(fields, place, "content", {"text"});
}

// {"id", "type": "function", "function": {"name", "arguments"}}
Result<chat::ToolCall> read_call(const Json& json, const std::string& place) {
  if (!json.is_object()) return usage_error("a call is not an object", place);
  Fields fields(json, place + ".");
  chat::ToolCall call{.id = required_text(fields, "id")};
  if (fields.text("type").value_or("function") != "function") fields.fail("type", "'type' is not 'function'");
  const Json* function = fields.raw("function");
  if (!function || !function->is_object()) {
    fields.fail("function", "'function' is not an object", "give {\"name\": ..., \"arguments\": ...}");
  } else {
    Fields inner(*function, place + ".function.");
    call.name = required_text(inner, "name");
    call.arguments = inner.text("arguments").value_or("");
    if (Status done = inner.finish(); !done.ok()) fields.fail(done.error());
  }
  fields.ignore({"index"});  // as it stands in chunks
  MALMOI_TRY(fields.finish());
  return call;
}

void read_assistant(Fields& fields, const std::string& place, chat::Message& message, ConversationCalls& calls) {
  message.tool_calls = read_call_list(fields, place, calls, read_call);
  message.content = read_content(fields, place, message.tool_calls.empty());
  message.reasoning_content = fields.text("reasoning_content").value_or("");
  fields.ignore({"name"});
}

// Templates name the function whose result it is.
void read_tool_result(Fields& fields, const std::string& place, chat::Message& message,
                      const ConversationCalls& calls) {
  message.content = read_content(fields, place, true);
  message.tool_call_id = required_text(fields, "tool_call_id");
  message.name = fields.text("name").value_or("");
  const std::string* function = calls.function_of(message.tool_call_id);
  if (!function) {
    fields.fail("tool_call_id", "'tool_call_id' is of no call in a message before it",
                "give the assistant's message with its 'tool_calls', too");
  } else if (message.name.empty()) {
    message.name = *function;
  }
}

Result<chat::Message> read_message(const Json& json, const std::string& at, ConversationCalls& calls) {
  if (!json.is_object()) return usage_error("a message is not an object", at);
  const std::string place = at + ".";
  Fields fields(json, place);
  chat::Message message;
  message.role = fields.text("role").value_or("");
  if (message.role == "assistant") {
    read_assistant(fields, place, message, calls);
  } else if (message.role == "tool") {
    read_tool_result(fields, place, message, calls);
  } else if (message.role == "system" || message.role == "developer" || message.role == "user") {
    message.content = read_content(fields, place, true);
    fields.refuse("tool_calls", "only the assistant calls functions");
    fields.ignore({"name", "reasoning_content"});
  } else if (message.role == "function") {
    fields.fail(unsupported("role 'function' is not supported", place + "role", "use 'tool' with its 'tool_call_id'"));
  } else {
    fields.fail("role", "'role' is not one of system, developer, user, assistant, tool");
  }
  fields.refuse("function_call", "'tool_calls' has taken its place");
  fields.refuse("audio", "the model reads text alone");
  fields.ignore({"refusal", "annotations"});
  MALMOI_TRY(fields.finish());
  return message;
}

}  // namespace

std::vector<chat::Message> read_messages(Fields& fields) {
  std::vector<chat::Message> messages;
  ConversationCalls calls;
  read_message_list(fields, true, [&](const Json& json, const std::string& place) -> Status {
    MALMOI_ASSIGN(chat::Message message, read_message(json, place, calls));
    messages.push_back(std::move(message));
    return {};
  });
  return messages;
}

}  // namespace malmoi::protocol
