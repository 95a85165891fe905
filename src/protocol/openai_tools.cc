#include "protocol/openai_tools.h"

#include <string>
#include <utility>

#include "protocol/function_list.h"

namespace malmoi::protocol {
namespace {

using Choice = chat::ToolUse::Choice;

// What templates print of a function: in the order in which it was given.
Result<Json> read_function(const Json& given, const std::string& place) {
  Fields fields(given, place);
  fields.text("name");
  fields.text("description");
  fields.raw("parameters");
  fields.boolean("strict");
  MALMOI_TRY(fields.finish());
  Json function = Json::object();
  for (const auto& [key, value] : given.items()) {
    if (key != "strict" && !value.is_null()) function[key] = value;
  }
  return function;
}

Status read_tool(const Json& given, const std::string& place, FunctionList& functions) {
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
  return functions.add(std::move(read), place + ".function.", "parameters");
}

FunctionList read_functions(Fields& fields) {
  FunctionList functions;
  const Json* list = fields.raw("tools");
  if (!list || (list->is_array() && list->empty())) return functions;
  if (!list->is_array() || list->size() > kMaxFunctions) {
    fields.fail("tools", "'tools' is not a list of at most " + std::to_string(kMaxFunctions) + " tools");
    return functions;
  }
  for (size_t i = 0; i < list->size(); ++i) {
    Status added = read_tool((*list)[i], "tools[" + std::to_string(i) + "]", functions);
    if (!added.ok()) return fields.fail(added.error()), functions;
  }
  return functions;
}

// {"type": "function", "function": {"name"}}
void read_named_choice(Fields& fields, const Json& given, const FunctionList& functions, chat::ToolUse& use) {
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
  if (!functions.contains(use.name)) inner.fail("name", "there is no function '" + shown(use.name) + "' in 'tools'");
  for (Fields* read : {&inner, &choice}) {
    if (Status done = read->finish(); !done.ok()) fields.fail(done.error());
  }
}

void read_choice(Fields& fields, const FunctionList& functions, chat::ToolUse& use) {
  const Json* choice = fields.raw("tool_choice");
  if (!choice || *choice == "auto") return;
  if (*choice == "none") {
    use.choice = Choice::kNone;
  } else if (functions.empty()) {
    fields.fail("tool_choice", "'tool_choice' needs 'tools'");
  } else if (*choice == "required") {
    use.choice = Choice::kRequired;
  } else if (choice->is_object()) {
    read_named_choice(fields, *choice, functions, use);
  } else {
    fields.fail("tool_choice", "'tool_choice' is not none, auto, required or a function");
  }
}

}  // namespace

chat::ToolUse read_tools(Fields& fields) {
  chat::ToolUse use;
  const FunctionList functions = read_functions(fields);
  use.functions = functions.text();
  read_choice(fields, functions, use);
  use.parallel = fields.boolean("parallel_tool_calls").value_or(true);
  return use;
}

}  // namespace malmoi::protocol
