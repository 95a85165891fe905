#include "chat/template_messages.h"

namespace malmoi::chat {
namespace {

// A model's template expects arguments as objects, where they are JSON; some clients send nothing for none.
Json tool_call_json(const ToolCall& call, bool text_arguments) {
  auto arguments = parse_json(call.arguments.empty() ? "{}" : call.arguments, "arguments");
  Json function = {{"name", call.name}};
  if (arguments.ok() && !text_arguments) function["arguments"] = *std::move(arguments);
  else function["arguments"] = call.arguments.empty() ? "{}" : call.arguments;
  Json made = {{"type", "function"}, {"function", std::move(function)}};
  if (!call.id.empty()) made["id"] = call.id;
  return made;
}

}  // namespace

void mark_typed(const TypedTokens& tokens, Json& value) {
  if (value.is_string()) value = tokens.marked(value.get_ref<const std::string&>());
  if (value.is_array()) {
    for (Json& item : value) mark_typed(tokens, item);
  }
  if (!value.is_object()) return;
  Json made = Json::object();
  for (auto& [key, item] : value.items()) {
    mark_typed(tokens, item);
    made[tokens.marked(key)] = std::move(item);
  }
  value = std::move(made);
}

Json message_json(const Message& message, bool text_arguments) {
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
  for (const ToolCall& call : message.tool_calls) made["tool_calls"].push_back(tool_call_json(call, text_arguments));
  return made;
}

Result<Json> template_variables(const RenderOptions& options) {
  Json variables = Json::object();
  if (!options.variables.empty()) {
    MALMOI_ASSIGN(variables, parse_json(options.variables, "variables"));
    if (!variables.is_object()) return usage_error("is no JSON object", "variables", "give names and values");
  }
  if (!options.tools.empty()) {
    MALMOI_ASSIGN(variables["tools"], parse_json(options.tools, "tools"));
  }
  return variables;
}

}  // namespace malmoi::chat
