#include "protocol/anthropic_conversation.h"

#include <functional>
#include <string>
#include <utility>

#include "protocol/conversation_calls.h"
#include "protocol/conversation_lists.h"
#include "protocol/text_parts.h"

namespace malmoi::protocol {
namespace {

struct Block {
  Fields fields;
  std::string type;
  std::string place;  // before the names of its fields
};
using ReadBlock = std::function<void(Block& block)>;

void read_block(Fields& owner, const Json& json, const std::string& place, const ReadBlock& read) {
  if (!json.is_object()) return owner.fail(usage_error("a block is not an object", place, "give {\"type\": ...}"));
  Block block{.fields = Fields(json, place + "."), .place = place + "."};
  block.type = block.fields.text("type").value_or("");
  if (block.type.empty()) block.fields.fail("type", "the block has no 'type'");
  else read(block);
  block.fields.ignore({"cache_control"});  // what prompts have in common is kept by itself
  if (Status done = block.fields.finish(); !done.ok()) owner.fail(done.error());
}

// The blocks of a field; a text stands for a block of it. `prefix` stands before the field's name.
void read_blocks(Fields& owner, const std::string& name, const std::string& prefix, const ReadBlock& read) {
  const Json* content = owner.raw(name);
  if (!content) return;
  if (content->is_string()) return read_block(owner, {{"type", "text"}, {"text", *content}}, prefix + name, read);
  if (!content->is_array()) return owner.fail(name, "'" + name + "' is not a text or a list of blocks");
  for (size_t i = 0; i < content->size() && !owner.failed(); ++i)
    read_block(owner, (*content)[i], prefix + name + "[" + std::to_string(i) + "]", read);
}

void refuse_block(Block& block, const std::string& owner) {
  const bool is_medium = block.type == "image" || block.type == "document";
  const std::string what = "blocks of type '" + shown(block.type) + "' are not supported in " + owner;
  block.fields.fail(unsupported(is_medium ? what + ": the model reads text alone" : what, block.place + "type",
                                is_medium ? "send text" : "leave them out"));
}

// A text that must be there, and may be empty.
std::string given_text(Fields& fields, const char* name) {
  const std::optional<std::string> text = fields.text(name);
  if (!text) fields.fail(name, "'" + std::string(name) + "' is missing");
  return text.value_or("");
}

std::string read_text_block(Block& block) {
  block.fields.refuse("citations", "the model cites nothing");
  return given_text(block.fields, "text");
}

// Where a message can be nothing but text.
std::string read_texts(Fields& fields, const std::string& name, const std::string& prefix, const std::string& owner) {
  std::string text;
  read_blocks(fields, name, prefix, [&](Block& block) {
    if (block.type == "text") text += read_text_block(block);
    else refuse_block(block, owner);
  });
  return text;
}

chat::ToolCall read_tool_use(Block& block, ConversationCalls& calls) {
  Fields& fields = block.fields;
  chat::ToolCall call;
  call.id = required_text(fields, "id");
  call.name = required_text(fields, "name");
  const Json* input = fields.raw("input");
  if (input && input->is_object()) call.arguments = dump_json(*input);
  else fields.fail("input", "'input' is not an object");
  fields.refuse("caller", "the model alone calls tools", Json::object({{"type", "direct"}}));
  fields.refuse("toolset_name", "there are no sets of tools");
  calls.add(call);
  return call;
}

// Messages have no field for a failure: the model is told in words.
chat::Message read_result(Block& block, const ConversationCalls& calls) {
  Fields& fields = block.fields;
  chat::Message result;
  result.role = "tool";
  result.tool_call_id = required_text(fields, "tool_use_id");
  const std::string text = read_texts(fields, "content", block.place, "results of tools");
  result.content = fields.boolean("is_error").value_or(false) ? "Error: " + text : text;
  fields.refuse("toolset_name", "there are no sets of tools");
  const std::string* function = calls.function_of(result.tool_call_id);
  if (function) result.name = *function;
  else
    fields.fail("tool_use_id", "'tool_use_id' is of no 'tool_use' in a message before it",
                "give the assistant's message with it, too");
  return result;
}

std::vector<chat::Message> read_user_blocks(Fields& fields, const std::string& place, const ConversationCalls& calls) {
  std::vector<chat::Message> said;
  read_blocks(fields, "content", place, [&](Block& block) {
    if (block.type == "tool_result") return said.push_back(read_result(block, calls));
    if (block.type != "text") return refuse_block(block, "messages of the user");
    if (said.empty() || said.back().role != "user") said.push_back({"user", ""});
    said.back().content += read_text_block(block);
  });
  return said;
}

chat::Message read_assistant_blocks(Fields& fields, const std::string& place, ConversationCalls& calls) {
  chat::Message said{"assistant", ""};
  read_blocks(fields, "content", place, [&](Block& block) {
    if (block.type == "text") {
      said.content += read_text_block(block);
    } else if (block.type == "thinking") {
      said.reasoning_content += given_text(block.fields, "thinking");
      block.fields.ignore({"signature"});
    } else if (block.type == "redacted_thinking") {
      block.fields.ignore({"data"});
    } else if (block.type == "tool_use") {
      said.tool_calls.push_back(read_tool_use(block, calls));
    } else {
      refuse_block(block, "messages of the assistant");
    }
  });
  return said;
}

void join(std::string& text, const std::string& more) {
  if (!text.empty() && !more.empty()) text += "\n\n";
  text += more;
}

// Neighbours of one role are a turn: many templates take none but turns.
void append(std::vector<chat::Message>& messages, chat::Message said) {
  const bool is_turn = said.role == "user" || said.role == "assistant";
  if (!is_turn || messages.empty() || messages.back().role != said.role) return messages.push_back(std::move(said));
  chat::Message& turn = messages.back();
  join(turn.content, said.content);
  join(turn.reasoning_content, said.reasoning_content);
  for (chat::ToolCall& call : said.tool_calls) turn.tool_calls.push_back(std::move(call));
}

Status add_message(const Json& json, const std::string& at, ConversationCalls& calls,
                   std::vector<chat::Message>& messages) {
  if (!json.is_object()) return usage_error("a message is not an object", at);
  const std::string place = at + ".";
  Fields fields(json, place);
  const std::string role = fields.text("role").value_or("");
  const Json* content = fields.raw("content");
  // Clients send an answer of nothing back as it came.
  if (!content || (content->is_array() && content->empty() && role != "assistant"))
    fields.fail("content", "the message has no 'content'", "give a text or a list of blocks");
  if (role == "user") {
    for (chat::Message& said : read_user_blocks(fields, place, calls)) append(messages, std::move(said));
  } else if (role == "assistant") {
    append(messages, read_assistant_blocks(fields, place, calls));
  } else if (role == "system") {
    append(messages, {role, read_texts(fields, "content", place, "messages of the system")});
  } else {
    fields.fail("role", "'role' is not one of user, assistant, system");
  }
  return fields.finish();
}

}  // namespace

std::vector<chat::Message> read_anthropic_conversation(Fields& fields) {
  std::vector<chat::Message> messages;
  const std::string system = read_texts(fields, "system", "", "'system'");
  if (!system.empty()) messages.push_back({"system", system});
  ConversationCalls calls;
  read_message_list(fields, true, [&](const Json& json, const std::string& place) {
    return add_message(json, place, calls, messages);
  });
  return messages;
}

}  // namespace malmoi::protocol
