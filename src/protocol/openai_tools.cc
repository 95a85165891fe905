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
Json read_function(Fields& fields, const Json& given) {
  if (!is_function_name(fields.text("name").value_or("")))
    fields.fail("name", "'name' is not 1 to 64 letters, digits, '_' and '-'");
  fields.text("description");
  fields.boolean("strict");
  const Json* parameters = fields.raw("parameters");
  if (parameters && !is_object_schema(*parameters))
    fields.fail("parameters", "'parameters' is not a JSON schema of an object", "give {\"type\": \"object\", ...}");
  Json function = Json::object();
  for (const auto& [key, value] : given.items()) {
    const bool is_shown = key == "name" || key == "description" || key == "parameters";
    if (is_shown && !value.is_null()) function[key] = value;
  }
  if (!parameters) function["parameters"] = {{"type", "object"}, {"properties", Json::object()}};
  return function;
}

void check_type(Fields& fields, const std::string& place) {
  const std::string type = fields.text("type").value_or("");
  if (type.empty()) fields.fail("type", "'type' is missing", "give 'function'");
  else if (type != "function")
    fields.fail(
        unsupported("tools of type '" + shown(type) + "' are not supported", place + ".type", "use 'function'"));
}

Json as_tool(Json function) { return {{"type", "function"}, {"function", std::move(function)}}; }

// {"type": "function", "function": {"name", ...}}
Result<Json> read_nested_tool(const Json& given, const std::string& place) {
  Fields fields(given, place + ".");
  check_type(fields, place);
  const Json* function = fields.raw("function");
  if (!function || !function->is_object()) fields.fail("function", "'function' is not an object");
  MALMOI_TRY(fields.finish());
  Fields inner(*function, place + ".function.");
  Json read = read_function(inner, *function);
  MALMOI_TRY(inner.finish());
  return as_tool(std::move(read));
}

// {"type": "function", "name", ...}
Result<Json> read_flat_tool(const Json& given, const std::string& place) {
  Fields fields(given, place + ".");
  check_type(fields, place);
  Json read = read_function(fields, given);
  fields.refuse("allowed_callers", "the model alone calls functions", Json::array({"direct"}));
  fields.refuse("async", "an answer ends with its calls");
  fields.refuse("defer_loading", "the model is shown all functions");
  fields.refuse("output_schema", "results are text; 'description' may say what is in it");
  MALMOI_TRY(fields.finish());
  return as_tool(std::move(read));
}

// Where the fields of a function stand.
struct Form {
  Result<Json> (*read_tool)(const Json& given, const std::string& place);
  bool is_nested;
};
constexpr Form kNested{read_nested_tool, true}, kFlat{read_flat_tool, false};

// The names of the functions that are offered.
std::set<std::string> read_functions(Fields& fields, const Form& form, chat::ToolUse& use) {
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
    const Json& given = (*list)[i];
    if (!given.is_object()) return fields.fail(usage_error("a tool is not an object", place)), names;
    auto tool = form.read_tool(given, place);
    if (!tool.ok()) return fields.fail(tool.error()), names;
    const std::string name = json_string((*tool)["function"], "name");
    if (!names.insert(name).second)
      return fields.fail(place + (form.is_nested ? ".function.name" : ".name"),
                         "two functions are named '" + name + "'"),
             names;
    tools.push_back(*std::move(tool));
  }
  use.functions = dump_json(tools);
  return names;
}

// The name of the function that must be called.
void take_name(Fields& fields, const std::set<std::string>& names, chat::ToolUse& use) {
  use.name = fields.text("name").value_or("");
  use.choice = Choice::kRequired;
  if (!names.contains(use.name)) fields.fail("name", "there is no function '" + shown(use.name) + "' in 'tools'");
}

// {"type": "function"} with the name where `form` has it.
void read_named_choice(Fields& fields, const Json& given, const Form& form, const std::set<std::string>& names,
                       chat::ToolUse& use) {
  Fields choice(given, "tool_choice.");
  const std::string type = choice.text("type").value_or("");
  if (type != "function") {
    fields.fail(unsupported("a choice of type '" + shown(type) + "' is not supported", "tool_choice.type",
                            "use none, auto, required or a function"));
    return;
  }
  if (!form.is_nested) {
    take_name(choice, names, use);
  } else if (const Json* function = choice.raw("function"); !function || !function->is_object()) {
    choice.fail("function", "'function' is not an object");
  } else {
    Fields inner(*function, "tool_choice.function.");
    take_name(inner, names, use);
    if (Status done = inner.finish(); !done.ok()) choice.fail(done.error());
  }
  if (Status done = choice.finish(); !done.ok()) fields.fail(done.error());
}

void read_choice(Fields& fields, const Form& form, const std::set<std::string>& names, chat::ToolUse& use) {
  const Json* choice = fields.raw("tool_choice");
  if (!choice || *choice == "auto") return;
  if (*choice == "none") {
    use.choice = Choice::kNone;
  } else if (names.empty()) {
    fields.fail("tool_choice", "'tool_choice' needs 'tools'");
  } else if (*choice == "required") {
    use.choice = Choice::kRequired;
  } else if (choice->is_object()) {
    read_named_choice(fields, *choice, form, names, use);
  } else {
    fields.fail("tool_choice", "'tool_choice' is not none, auto, required or a function");
  }
}

chat::ToolUse read_use(Fields& fields, const Form& form) {
  chat::ToolUse use;
  const std::set<std::string> names = read_functions(fields, form, use);
  read_choice(fields, form, names, use);
  use.parallel = fields.boolean("parallel_tool_calls").value_or(true);
  return use;
}

}  // namespace

chat::ToolUse read_tools(Fields& fields) { return read_use(fields, kNested); }

chat::ToolUse read_flat_tools(Fields& fields) { return read_use(fields, kFlat); }

}  // namespace malmoi::protocol
