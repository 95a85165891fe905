#include "app/use/chat_record.h"

#include <utility>

#include "base/json_read.h"

namespace malmoi::app {
namespace {

constexpr uint64_t kLargestRecord = 64 << 20;

Json to_json(const chat::Message& message) {
  Json json = {{"role", message.role}, {"content", message.content}};
  auto add = [&](const char* key, const std::string& text) {
    if (!text.empty()) json[key] = text;
  };
  add("reasoning_content", message.reasoning_content);
  add("tool_call_id", message.tool_call_id);
  add("name", message.name);
  if (!message.tool_calls.empty()) json["tool_calls"] = Json::array();
  for (const chat::ToolCall& call : message.tool_calls)
    json["tool_calls"].push_back(
        {{"id", call.id}, {"type", "function"}, {"function", {{"name", call.name}, {"arguments", call.arguments}}}});
  return json;
}

// Reads one message; `where` is its place in the file.
class MessageParser {
 public:
  MessageParser(const Json& json, std::string where) : json_(json), where_(std::move(where)) {}

  Result<chat::Message> parse() {
    if (!json_.is_object()) return invalid_data("a message is an object", where_);
    chat::Message message;
    MALMOI_ASSIGN(message.role, text("role"));
    if (message.role.empty()) return invalid_data("the message has no role", where_);
    MALMOI_ASSIGN(message.content, content());
    MALMOI_ASSIGN(message.reasoning_content, text("reasoning_content"));
    MALMOI_ASSIGN(message.tool_call_id, text("tool_call_id"));
    MALMOI_ASSIGN(message.name, text("name"));
    for (const Json& call : json_list(json_, "tool_calls")) {
      const Json& function = json_object(call, "function");
      message.tool_calls.push_back(
          {json_string(call, "id"), json_string(function, "name"), json_string(function, "arguments")});
      if (message.tool_calls.back().name.empty()) return invalid_data("a call names no function", where_);
    }
    return message;
  }

 private:
  // Absent and null are empty.
  Result<std::string> text(const char* key) const {
    auto found = json_.find(key);
    if (found == json_.end() || found->is_null()) return std::string();
    if (!found->is_string()) return invalid_data(std::string(key) + " is no text", where_);
    return found->get<std::string>();
  }

  Result<std::string> content() const {
    auto found = json_.find("content");
    if (found == json_.end() || !found->is_array()) return text("content");
    std::string all;
    for (const Json& part : *found) {
      if (json_string(part, "type") != "text" || !part.contains("text") || !part["text"].is_string())
        return unsupported("a part of the content is not text", where_, "leave pictures and sounds out");
      all += part["text"].get<std::string>();
    }
    return all;
  }

  const Json& json_;
  std::string where_;
};

}  // namespace

Json to_json(const ChatRecord& record) {
  Json json = Json::object();
  if (!record.model.empty()) json["model"] = record.model;
  json["messages"] = Json::array();
  for (const chat::Message& message : record.messages) json["messages"].push_back(to_json(message));
  return json;
}

Result<ChatRecord> parse_chat_record(const Json& json, const std::string& where) {
  ChatRecord record;
  const bool has_messages = json.is_object() && json.contains("messages") && json["messages"].is_array();
  if (!json.is_array() && !has_messages)
    return invalid_data("holds no conversation", where, "a list of messages, or an object with one under \"messages\"");
  if (json.is_object()) {
    record.model = json_string(json, "model");
    if (std::string system = json_string(json, "system"); !system.empty())
      record.messages.push_back({"system", std::move(system)});
  }
  size_t number = 0;
  for (const Json& message : json.is_array() ? json : json["messages"]) {
    MessageParser parser(message, where + ": messages[" + std::to_string(number++) + "]");
    MALMOI_ASSIGN(chat::Message parsed, parser.parse());
    record.messages.push_back(std::move(parsed));
  }
  return record;
}

Result<ChatRecord> read_chat_record(const Path& file) {
  MALMOI_ASSIGN(Json json, read_json(file.string(), kLargestRecord));
  return parse_chat_record(json, file.string());
}

}  // namespace malmoi::app
