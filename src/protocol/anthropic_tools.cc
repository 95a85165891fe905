#include "protocol/anthropic_tools.h"

#include <string>
#include <utility>

#include "protocol/function_list.h"

namespace malmoi::protocol {
namespace {

using Choice = chat::ToolUse::Choice;

Status read_tool(const Json& given, const std::string& place, FunctionList& functions) {
  if (!given.is_object()) return usage_error("a tool is not an object", place);
  Fields fields(given, place + ".");
  const std::string type = fields.text("type").value_or("custom");
  if (type != "custom")
    fields.fail(unsupported("tools of type '" + shown(type) + "' are not supported", place + ".type",
                            "describe a tool of your own by 'name', 'description' and 'input_schema'"));
  Json function = Json::object();
  function["name"] = fields.text("name").value_or("");
  if (auto description = fields.text("description")) function["description"] = *std::move(description);
  const Json* schema = fields.raw("input_schema");
  if (schema) function["parameters"] = *schema;
  else fields.fail("input_schema", "'input_schema' is missing", "give {\"type\": \"object\", ...}");
  fields.boolean("strict");
  fields.refuse("defer_loading", "every tool is in the prompt");
  fields.refuse("allowed_callers", "the model alone calls tools", Json::array({"direct"}));
  fields.refuse("input_examples", "templates show none");
  fields.ignore({"cache_control", "eager_input_streaming"});
  MALMOI_TRY(fields.finish());
  return functions.add(std::move(function), place + ".", "input_schema");
}

FunctionList read_tool_list(Fields& fields) {
  FunctionList functions;
  const Json* list = fields.raw("tools");
  if (!list) return functions;
  if (!list->is_array() || list->size() > kMaxFunctions) {
    fields.fail("tools", "'tools' is not a list of at most " + std::to_string(kMaxFunctions) + " tools");
    return functions;
  }
  for (size_t i = 0; i < list->size() && !fields.failed(); ++i) {
    Status added = read_tool((*list)[i], "tools[" + std::to_string(i) + "]", functions);
    if (!added.ok()) fields.fail(added.error());
  }
  return functions;
}

void read_tool_choice(Fields& choice, const FunctionList& functions, chat::ToolUse& use) {
  const std::string type = choice.text("type").value_or("");
  if (type == "none") use.choice = Choice::kNone;
  else if (type == "any" || type == "tool") use.choice = Choice::kRequired;
  else if (type != "auto") choice.fail("type", "'type' is not auto, any, tool or none");
  if (type == "any" && functions.empty()) choice.fail("type", "a choice of any tool needs 'tools'");
  if (type == "tool") {
    use.name = choice.text("name").value_or("");
    if (!functions.contains(use.name)) choice.fail("name", "there is no tool '" + shown(use.name) + "' in 'tools'");
  }
  use.parallel = !choice.boolean("disable_parallel_tool_use").value_or(false);
}

}  // namespace

chat::ToolUse read_anthropic_tools(Fields& fields) {
  chat::ToolUse use;
  const FunctionList functions = read_tool_list(fields);
  use.functions = functions.text();
  read_object(
      fields, "tool_choice", "tool_choice.", [&](Fields& choice) { read_tool_choice(choice, functions, use); },
      "for example {\"type\": \"auto\"}");
  return use;
}

}  // namespace malmoi::protocol
