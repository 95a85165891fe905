#include "protocol/ollama_messages.h"

#include <string>
#include <utility>

#include "protocol/conversation_calls.h"
#include "protocol/conversation_lists.h"

namespace malmoi::protocol {
namespace {

// {"name", "arguments": {...}}
void read_called_function(const Json& function, const std::string& place, Fields& fields, chat::ToolCall& call) {
  Fields inner(function, place);
  call.name = inner.text("name").value_or("");
  if (call.name.empty()) inner.fail("name", "'name' is missing or empty");
  const Json* arguments = inner.raw("arguments");
  if (arguments && !arguments->is_object())
    inner.fail("arguments", "'arguments' is not an object", "give {\"NAME\": VALUE, ...}, not a text");
  call.arguments = arguments ? dump_json(*arguments) : "{}";
  inner.ignore({"index", "description"});
  if (Status done = inner.finish(); !done.ok()) fields.fail(done.error());
}

Result<chat::ToolCall> read_ollama_call(const Json& given, const std::string& place) {
  if (!given.is_object()) return usage_error("a call is not an object", place);
  Fields fields(given, place + ".");
  chat::ToolCall call{.id = fields.text("id").value_or("")};
  if (fields.text("type").value_or("function") != "function") fields.fail("type", "'type' is not 'function'");
  const Json* function = fields.raw("function");
  if (function && function->is_object()) read_called_function(*function, place + ".function.", fields, call);
  else fields.fail("function", "'function' is not an object", "give {\"name\": ..., \"arguments\": {...}}");
  MALMOI_TRY(fields.finish());
  return call;
}

void read_ollama_result(Fields& fields, chat::Message& message, ConversationCalls& known) {
  message.tool_call_id = fields.text("tool_call_id").value_or("");
  const std::string newer = fields.text("tool_name").value_or(""), older = fields.text("name").value_or("");
  message.name = newer.empty() ? older : newer;
  if (message.tool_call_id.empty()) message.tool_call_id = known.first_open(message.name);
  known.close(message.tool_call_id);
  const std::string* function = known.function_of(message.tool_call_id);
  if (function && message.name.empty()) message.name = *function;
}

Result<chat::Message> read_ollama_message(const Json& json, const std::string& place, ConversationCalls& known) {
  if (!json.is_object()) return usage_error("a message is not an object", place);
  Fields fields(json, place + ".");
  chat::Message message;
  message.role = fields.text("role").value_or("");
  const std::optional<std::string> content = fields.text("content");
  message.content = content.value_or("");
  if (message.role == "assistant") {
    message.reasoning_content = fields.text("thinking").value_or("");
    message.tool_calls = read_call_list(fields, place + ".", known, read_ollama_call);
  } else if (message.role == "tool") {
    read_ollama_result(fields, message, known);
  } else if (message.role != "system" && message.role != "user") {
    fields.fail("role", "'role' is not one of system, user, assistant, tool");
  }
  if (!content && message.role != "assistant") fields.fail("content", "the message has no 'content'", "give a text");
  if (message.role != "assistant") fields.refuse("tool_calls", "only the assistant calls functions");
  fields.refuse("images", "the model reads text alone");
  fields.ignore({"name", "thinking", "tool_name", "tool_call_id"});
  MALMOI_TRY(fields.finish());
  return message;
}

}  // namespace

std::vector<chat::Message> read_ollama_messages(Fields& fields) {
  std::vector<chat::Message> messages;
  ConversationCalls known;
  read_message_list(fields, false, [&](const Json& json, const std::string& place) -> Status {
    MALMOI_ASSIGN(chat::Message message, read_ollama_message(json, place, known));
    messages.push_back(std::move(message));
    return {};
  });
  return messages;
}

}  // namespace malmoi::protocol
