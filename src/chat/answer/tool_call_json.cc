// Calls in JSON, of answer_parser.h.
#include "base/json.h"
#include "chat/answer/answer_parser.h"

namespace malmoi::chat {
namespace {

std::optional<ToolCall> call_of(const Json& json) {
  if (!json.is_object()) return {};
  if (auto function = json.find("function"); function != json.end() && function->is_object()) return call_of(*function);
  ToolCall call{.id = json_string(json, "id"), .name = json_string(json, "name")};
  if (call.name.empty()) return {};
  for (const char* key : {"arguments", "parameters"}) {
    auto arguments = json.find(key);
    if (arguments == json.end()) continue;
    if (arguments->is_string()) call.arguments = arguments->get<std::string>();
    else if (arguments->is_object()) call.arguments = dump_json(*arguments);
    else return {};
    return call;
  }
  return {};
}

}  // namespace

std::optional<ToolCall> json_tool_call(std::string_view json) {
  auto read = parse_json(json, "tool call");
  return read.ok() ? call_of(*read) : std::nullopt;
}

std::optional<std::vector<ToolCall>> json_tool_calls(std::string_view json) {
  auto read = parse_json(json, "tool calls");
  if (!read.ok()) return {};
  std::vector<ToolCall> calls;
  for (const Json& item : read->is_array() ? *read : Json::array({*read})) {
    std::optional<ToolCall> call = call_of(item);
    if (!call) return {};
    calls.push_back(*std::move(call));
  }
  return calls;
}

}  // namespace malmoi::chat
