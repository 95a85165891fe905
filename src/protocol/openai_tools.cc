#include "protocol/openai_tools.h"

#include <string>
#include <utility>

#include "protocol/function_list.h"

namespace malmoi::protocol {
namespace {

using Choice = chat::ToolUse::Choice;

// What templates print of a function: in the order in which it was given.
Json read_function(Fields& fields, const Json& given) {
  if (!fields.text("name")) fields.fail("name", "'name' is missing");
  fields.text("description");
  fields.raw("parameters");
  fields.boolean("strict");
  Json function = Json::object();
  for (const auto& [key, value] : given.items()) {
    const bool is_shown = key == "name" || key == "description" || key == "parameters";
    if (is_shown && !value.is_null()) function[key] = value;
  }
  return function;
}

void check_type(Fields& fields, const std::string& place) {
  const std::string type = fields.text("type").value_or("");
  if (type.empty()) fields.fail("type", "'type' is missing", "give 'function'");
  else if (type != "function")
    fields.fail(unsupported("tools of type '" + shown(type) + "' are not supported", place + "type", "use 'function'"));
}

// {"type": "function", "function": {"name", ...}}
Status read_nested_tool(const Json& given, const std::string& place, FunctionList& functions) {
  Fields fields(given, place);
  check_type(fields, place);
  const Json* function = fields.raw("function");
  if (!function || !function->is_object()) fields.fail("function", "'function' is not an object");
  MALMOI_TRY(fields.finish());
  Fields inner(*function, place + "function.");
  Json read = read_function(inner, *function);
  MALMOI_TRY(inner.finish());
  return functions.add(std::move(read), place + "function.", "parameters");
}

// {"type": "function", "name", ...}
Status read_flat_tool(const Json& given, const std::string& place, FunctionList& functions) {
  Fields fields(given, place);
  check_type(fields, place);
  Json read = read_function(fields, given);
  fields.refuse("allowed_callers", "the model alone calls functions", Json::array({"direct"}));
  fields.refuse("async", "an answer ends with its calls");
  fields.refuse("defer_loading", "the model is shown all functions");
  fields.refuse("output_schema", "results are text; 'description' may say what is in it");
  MALMOI_TRY(fields.finish());
  return functions.add(std::move(read), place, "parameters");
}

// Where the fields of a function stand.
struct Form {
  Status (*read_tool)(const Json& given, const std::string& place, FunctionList& functions);
  bool is_nested;
};
constexpr Form kNested{read_nested_tool, true}, kFlat{read_flat_tool, false};

FunctionList read_functions(Fields& fields, const Form& form) {
  FunctionList functions;
  const Json* list = fields.raw("tools");
  if (!list || (list->is_array() && list->empty())) return functions;
  if (!list->is_array() || list->size() > kMaxFunctions) {
    fields.fail("tools", "'tools' is not a list of at most " + std::to_string(kMaxFunctions) + " tools");
    return functions;
  }
  for (size_t i = 0; i < list->size(); ++i) {
    const std::string place = "tools[" + std::to_string(i) + "]";
    const Json& given = (*list)[i];
    if (!given.is_object()) return fields.fail(usage_error("a tool is not an object", place)), functions;
    Status added = form.read_tool(given, place + ".", functions);
    if (!added.ok()) return fields.fail(added.error()), functions;
  }
  return functions;
}

// The name of the function that must be called.
void take_name(Fields& fields, const FunctionList& functions, chat::ToolUse& use) {
  use.name = fields.text("name").value_or("");
  use.choice = Choice::kRequired;
  if (!functions.contains(use.name)) fields.fail("name", "there is no function '" + shown(use.name) + "' in 'tools'");
}

// {"type": "function"} with the name where `form` has it.
void read_named_choice(Fields& fields, const Json& given, const Form& form, const FunctionList& functions,
                       chat::ToolUse& use) {
  Fields choice(given, "tool_choice.");
  const std::string type = choice.text("type").value_or("");
  if (type != "function") {
    fields.fail(unsupported("a choice of type '" + shown(type) + "' is not supported", "tool_choice.type",
                            "use none, auto, required or a function"));
    return;
  }
  if (!form.is_nested) {
    take_name(choice, functions, use);
  } else if (const Json* function = choice.raw("function"); !function || !function->is_object()) {
    choice.fail("function", "'function' is not an object");
  } else {
    Fields inner(*function, "tool_choice.function.");
    take_name(inner, functions, use);
    if (Status done = inner.finish(); !done.ok()) choice.fail(done.error());
  }
  if (Status done = choice.finish(); !done.ok()) fields.fail(done.error());
}

void read_choice(Fields& fields, const Form& form, const FunctionList& functions, chat::ToolUse& use) {
  const Json* choice = fields.raw("tool_choice");
  if (!choice || *choice == "auto") return;
  if (*choice == "none") {
    use.choice = Choice::kNone;
  } else if (functions.empty()) {
    fields.fail("tool_choice", "'tool_choice' needs 'tools'");
  } else if (*choice == "required") {
    use.choice = Choice::kRequired;
  } else if (choice->is_object()) {
    read_named_choice(fields, *choice, form, functions, use);
  } else {
    fields.fail("tool_choice", "'tool_choice' is not none, auto, required or a function");
  }
}

chat::ToolUse read_use(Fields& fields, const Form& form) {
  chat::ToolUse use;
  const FunctionList functions = read_functions(fields, form);
  use.functions = functions.text();
  read_choice(fields, form, functions, use);
  use.parallel = fields.boolean("parallel_tool_calls").value_or(true);
  return use;
}

}  // namespace

chat::ToolUse read_tools(Fields& fields) { return read_use(fields, kNested); }

chat::ToolUse read_flat_tools(Fields& fields) { return read_use(fields, kFlat); }

}  // namespace malmoi::protocol
