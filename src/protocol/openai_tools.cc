#include "protocol/openai_tools.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace malmoi::protocol {
namespace {

using Choice = chat::ToolUse::Choice;

constexpr size_t kMaxTools = 128;  // of OpenAI's API
constexpr size_t kLongestName = 64;

// Such a name can hold no special token, and none of what models put around names.
bool is_function_name(const std::string& name) {
  return !name.empty() && name.size() <= kLongestName && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

bool is_object_schema(const Json& schema) {
  return schema.is_object() && (!schema.contains("type") || schema["type"] == "object");
}

// What templates print of a function: in the order in which it was given, and with parameters in any case.
Result<Json> read_function(const Json& given, const std::string& place) {
  Fields fields(given, place);
  if (!is_function_name(fields.text("name").value_or("")))
    fields.fail("name", "'name' is not 1 to 64 letters, digits, '_' and '-'");
  fields.text("description");
  fields.boolean("strict");
  const Json* parameters = fields.raw("parameters");
  if (parameters && !is_object_schema(*parameters))
    fields.fail("parameters", "'parameters' is not a JSON schema of an object", "give {\"type\": \"object\", ...}");
  MALMOI_TRY(fields.finish());
  Json function = Json::object();
  for (const auto& [key, value] : given.items()) {
    if (key != "strict" && !value.is_null()) function[key] = value;
  }
  if (!parameters) function["parameters"] = {{"type", "object"}, {"properties", Json::object()}};
  return function;
}

Result<Json> read_tool(const Json& given, const std::string& place) {
  if (!given.is_object()) return usage_error("a tool is not an object", place);
  Fields fields(given, place + ".");
  const std::string type = fields.text("type").value_or("");
  const Json* function = fields.raw("function");
  if (type.empty()) fields.fail("type", "'type' is missing", "give 'function'");
  else if (type != "function")
    fields.fail(
        unsupported("tools of type '" + shown(type) + "' are not supported", place + ".type", "use 'function'"));
  if (!function || !function->is_object()) fields.fail("function", "'function' is not an object");
  MALMOI_TRY(fields.finish());
  MALMOI_ASSIGN(Json read, read_function(*function, place + ".function."));
  return Json{{"type", "function"}, {"function", std::move(read)}};
}

// The names of the functions that are offered.
std::set<std::string> read_functions(Fields& fields, chat::ToolUse& use) {
  std::set<std::string> names;
  const Json* list = fields.raw("tools");
  if (!list || (list->is_array() && list->empty())) return names;
  if (!list->is_array() || list->size() > kMaxTools) {
    fields.fail("tools", "'tools' is not a list of at most " + std::to_string(kMaxTools) + " tools");
    return names;
  }
  Json tools = Json::array();
  for (size_t i = 0; i < list->size(); ++i) {
    const std::string place = "tools[" + std::to_string(i) + "]";
    auto tool = read_tool((*list)[i], place);
    if (!tool.ok()) return fields.fail(tool.error()), names;
    const std::string name = json_string((*tool)["function"], "name");
    if (!names.insert(name).second)
      return fields.fail(place + ".function.name", "two functions are named '" + name + "'"), names;
    tools.push_back(*std::move(tool));
  }
  use.functions = dump_json(tools);
  return names;
}

// {"type": "function", "function": {"name"}}
void read_named_choice(Fields& fields, const Json& given, const std::set<std::string>& names, chat::ToolUse& use) {
  Fields choice(given, "tool_choice.");
  const std::string type = choice.text("type").value_or("");
  if (type != "function") {
    fields.fail(unsupported("a choice of type '" + shown(type) + "' is not supported", "tool_choice.type",
                            "use none, auto, required or a function"));
    return;
  }
  const Json* function = choice.raw("function");
  if (!function || !function->is_object()) return fields.fail("tool_choice.function", "'function' is not an object");
  Fields inner(*function, "tool_choice.function.");
  use.name = inner.text("name").value_or("");
  use.choice = Choice::kRequired;
  if (!names.contains(use.name)) inner.fail("name", "there is no function '" + shown(use.name) + "' in 'tools'");
  for (Fields* read : {&inner, &choice}) {
    if (Status done = read->finish(); !done.ok()) fields.fail(done.error());
  }
}

void read_choice(Fields& fields, const std::set<std::string>& names, chat::ToolUse& use) {
  const Json* choice = fields.raw("tool_choice");
  if (!choice || *choice == "auto") return;
  if (*choice == "none") {
    use.choice = Choice::kNone;
  } else if (names.empty()) {
    fields.fail("tool_choice", "'tool_choice' needs 'tools'");
  } else if (*choice == "required") {
    use.choice = Choice::kRequired;
  } else if (choice->is_object()) {
    read_named_choice(fields, *choice, names, use);
  } else {
    fields.fail("tool_choice", "'tool_choice' is not none, auto, required or a function");
  }
}

}  // namespace

chat::ToolUse read_tools(Fields& fields) {
  chat::ToolUse use;
  const std::set<std::string> names = read_functions(fields, use);
  read_choice(fields, names, use);
  use.parallel = fields.boolean("parallel_tool_calls").value_or(true);
  return use;
}

}  // namespace malmoi::protocol
