#include "data/chats/turns.h"

#include <array>
#include <utility>

#include "base/ascii.h"

namespace malmoi::data {
namespace {

struct RoleName {
  std::string_view said, role;
};
constexpr std::array<RoleName, 20> kRoleNames = {
    {{"system", "system"},    {"developer", "developer"},     {"user", "user"},
     {"human", "user"},       {"prompter", "user"},           {"assistant", "assistant"},
     {"gpt", "assistant"},    {"chatgpt", "assistant"},       {"model", "assistant"},
     {"bot", "assistant"},    {"chatbot", "assistant"},       {"bing", "assistant"},
     {"bard", "assistant"},   {"function_call", "assistant"}, {"tool_call", "assistant"},
     {"tool", "tool"},        {"function", "tool"},           {"ipython", "tool"},
     {"observation", "tool"}, {"tool_response", "tool"}}};

const Json* member(const Json& object, std::initializer_list<std::string_view> names) {
  for (std::string_view name : names) {
    auto found = object.find(name);
    if (found != object.end() && !found->is_null()) return &*found;
  }
  return nullptr;
}

Result<std::string> content_of(const Json* content, const std::string& where) {
  if (!content) return std::string();
  if (content->is_string()) return content->get<std::string>();
  if (content->is_number() || content->is_boolean()) return dump_json(*content);
  if (!content->is_array()) return invalid_data("the content is neither a text nor parts", where, "write a text there");
  std::string text;
  for (const Json& part : *content) {
    const std::string type = part.is_object() ? json_string(part, "type", "text") : "text";
    if (type != "text" ||
        !(part.is_string() || (part.is_object() && part.contains("text") && part["text"].is_string())))
      return unsupported("a part of type '" + type + "' cannot be learned from", where, "leave such rows out");
    text += part.is_string() ? part.get<std::string>() : part["text"].get<std::string>();
  }
  return text;
}

// {name, arguments}, or that under `function`.
Result<chat::ToolCall> call_of(const Json& call, const std::string& where) {
  const Json* function = call.is_object() ? member(call, {"function"}) : nullptr;
  if (!function) function = &call;
  chat::ToolCall made;
  if (function->is_object()) made.name = json_string(*function, "name");
  if (made.name.empty()) return invalid_data("a tool call names no function", where, "give it a name and arguments");
  if (function != &call) made.id = json_string(call, "id");
  const Json* arguments = member(*function, {"arguments", "parameters"});
  if (!arguments) made.arguments = "{}";
  else if (arguments->is_string()) made.arguments = arguments->get<std::string>();
  else made.arguments = dump_json(*arguments);
  return made;
}

Status add_calls(const Json& cell, chat::Message& message, const std::string& where) {
  const Json calls = unfolded(cell);
  if (!calls.is_array() && !calls.is_object())
    return invalid_data("the tool calls are no list", where, "write a list of calls");
  for (const Json& call : calls.is_array() ? calls : Json::array({calls})) {
    MALMOI_ASSIGN(chat::ToolCall made, call_of(call, where));
    message.tool_calls.push_back(std::move(made));
  }
  return {};
}

Result<std::optional<bool>> weight_of(const Json& message, const std::string& where) {
  std::optional<bool> none;
  const Json* weight = member(message, {"weight", "train"});
  if (!weight) return none;
  if (weight->is_boolean()) return std::optional<bool>(weight->get<bool>());
  if (weight->is_number() && (*weight == 0 || *weight == 1)) return std::optional<bool>(*weight == 1);
  return invalid_data("the weight " + dump_json(*weight) + " is neither 0 nor 1", where,
                      "a message is learned from or not");
}

Result<chat::Message> message_of(const Json& turn, const std::string& where) {
  const Json* said = member(turn, {"role", "from"});
  const std::string name = said && said->is_string() ? ascii_lower(said->get<std::string>()) : "";
  const RoleName* known = nullptr;
  for (const RoleName& role : kRoleNames) {
    if (role.said == name) known = &role;
  }
  if (!known)
    return invalid_data(name.empty() ? "a message has no role" : "the role '" + name + "' is not known", where,
                        "use system, user, assistant or tool");
  chat::Message message{.role = std::string(known->role)};
  const Json* content = member(turn, {"content", "value"});
  if (name == "function_call" || name == "tool_call") {
    if (!content) return invalid_data("a tool call is empty", where, "give it a name and arguments");
    MALMOI_TRY(add_calls(*content, message, where));
    return message;
  }
  MALMOI_ASSIGN(message.content, content_of(content, where));
  const Json* thought = member(turn, {"reasoning_content", "thinking", "reasoning"});
  if (thought && thought->is_string()) message.reasoning_content = thought->get<std::string>();
  if (const Json* calls = member(turn, {"tool_calls", "function_call"})) MALMOI_TRY(add_calls(*calls, message, where));
  if (!content && message.tool_calls.empty() && message.reasoning_content.empty())
    return invalid_data("a message of the " + name + " has no content", where, "write a text there");
  message.tool_call_id = json_string(turn, "tool_call_id");
  message.name = json_string(turn, "name");
  if (message.role != "assistant" && !message.tool_calls.empty())
    return invalid_data("a call stands in a message of the " + name, where, "calls are the assistant's");
  return message;
}

}  // namespace

Json unfolded(const Json& cell) {
  if (!cell.is_string()) return cell;
  const std::string_view text = ascii_trim(cell.get_ref<const std::string&>());
  if (!text.starts_with('[') && !text.starts_with('{')) return cell;
  auto parsed = parse_json(text, "");
  return parsed.ok() ? *std::move(parsed) : cell;
}

Result<Turns> read_turns(const Json& cell, const std::string& column, const std::string& where) {
  const Json list = unfolded(cell);
  if (!list.is_array() || list.empty())
    return invalid_data("'" + column + "' is no list of messages", where, "write [{\"role\": ..., \"content\": ...}]");
  Turns turns;
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string place = where + ", " + column + "[" + std::to_string(i) + "]";
    if (!list[i].is_object()) return invalid_data("is no message", place, "write {\"role\": ..., \"content\": ...}");
    MALMOI_ASSIGN(chat::Message message, message_of(list[i], place));
    MALMOI_ASSIGN(std::optional<bool> learned, weight_of(list[i], place));
    turns.add(std::move(message), learned);
  }
  return turns;
}

Result<std::string> read_tools(const Json& cell, const std::string& where) {
  const Json list = unfolded(cell);
  if (list.is_null() || list.empty() || (list.is_string() && ascii_trim(list.get_ref<const std::string&>()).empty()))
    return std::string();
  Json tools = Json::array();
  if (!list.is_array())
    return invalid_data("'tools' is no list", where, "write a list of function schemas, or its JSON");
  for (const Json& item : list) {
    const Json tool = unfolded(item);
    if (!tool.is_object()) return invalid_data("'tools' holds something that is no function", where, "write schemas");
    if (tool.contains("function") || !tool.contains("name")) tools.push_back(tool);
    else tools.push_back({{"type", "function"}, {"function", tool}});
  }
  return dump_json(tools);
}

}  // namespace malmoi::data
