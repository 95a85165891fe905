#include "protocol/conversation_lists.h"

#include <utility>

namespace malmoi::protocol {

void read_message_list(Fields& fields, bool required, const ReadMessage& read) {
  const Json* list = fields.raw("messages");
  if (!list && required) fields.fail("messages", "'messages' is missing", "give a list of messages");
  if (!list) return;
  if (!list->is_array() || (required && list->empty()) || list->size() > kMaxMessages) {
    const std::string length = (required ? "1 to " : "at most ") + std::to_string(kMaxMessages);
    return fields.fail("messages", "'messages' is not a list of " + length + " messages");
  }
  for (size_t i = 0; i < list->size() && !fields.failed(); ++i) {
    if (Status done = read((*list)[i], "messages[" + std::to_string(i) + "]"); !done.ok()) fields.fail(done.error());
  }
}

std::vector<chat::ToolCall> read_call_list(Fields& fields, const std::string& prefix, ConversationCalls& known,
                                           ReadCall read) {
  std::vector<chat::ToolCall> calls;
  const Json* list = fields.raw("tool_calls");
  if (!list) return calls;
  if (!list->is_array() || list->size() > kMaxCalls) {
    fields.fail("tool_calls", "'tool_calls' is not a list of at most " + std::to_string(kMaxCalls) + " calls");
    return calls;
  }
  for (size_t i = 0; i < list->size() && !fields.failed(); ++i) {
    auto call = read((*list)[i], prefix + "tool_calls[" + std::to_string(i) + "]");
    if (!call.ok()) return fields.fail(call.error()), calls;
    known.add(*call);
    calls.push_back(*std::move(call));
  }
  return calls;
}

}  // namespace malmoi::protocol
