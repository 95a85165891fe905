#include "chat/tool_use.h"

#include <utility>

#include "base/json.h"
#include "chat/answer/answer_parser.h"

namespace malmoi::chat {
namespace {

// Values that are data, in which nothing is a reference.
bool holds_values(const std::string& keyword) {
  return keyword == "const" || keyword == "enum" || keyword == "default" || keyword == "examples";
}

// Values whose keys are names, each of a schema: one may be called as a keyword is.
bool holds_names(const std::string& keyword) {
  return keyword == "properties" || keyword == "patternProperties" || keyword == "dependentSchemas" ||
         keyword == "$defs" || keyword == "definitions";
}

// A schema that moves to `place` of another document takes its references along.
void move_references(Json& schema, const std::string& place) {
  if (schema.is_array()) {
    for (Json& item : schema) move_references(item, place);
  }
  if (!schema.is_object()) return;
  for (auto& [key, value] : schema.items()) {
    if (key == "$ref" && value.is_string() && value.get_ref<const std::string&>().starts_with("#")) {
      value = "#" + place + value.get<std::string>().substr(1);
    } else if (holds_names(key) && value.is_object()) {
      for (Json& named : value) move_references(named, place);
    } else if (!holds_values(key)) {
      move_references(value, place);
    }
  }
}

// What a call of `function` may bring, an object in any case.
Json arguments_schema(const Json& function, const std::string& place) {
  auto given = function.find("parameters");
  if (given == function.end() || !given->is_object())
    return {{"type", "object"}, {"properties", Json::object()}, {"additionalProperties", false}};
  Json schema = *given;
  if (!schema.contains("type") && !schema.contains("$ref")) schema["type"] = "object";
  move_references(schema, place);
  return schema;
}

Json call_schema(const Json& function, const std::string& key, const std::string& place) {
  Json properties = {{"name", {{"const", function["name"]}}}};
  properties[key] = arguments_schema(function, place + "/properties/" + key);
  Json required = Json::array({"name", key});
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(required)},
          {"additionalProperties", false}};
}

// One of the functions.
Json any_call(const Json& functions, const std::string& key, const std::string& place) {
  if (functions.size() == 1) return call_schema(functions[0], key, place);
  Json ways = Json::array();
  for (size_t i = 0; i < functions.size(); ++i)
    ways.push_back(call_schema(functions[i], key, place + "/anyOf/" + std::to_string(i)));
  Json choice = Json::object();
  choice["anyOf"] = std::move(ways);
  return choice;
}

Json list_of_calls(const ToolUse& use, const Json& functions, const std::string& key) {
  Json list = {{"type", "array"}, {"minItems", 1}};
  if (!use.parallel) list["maxItems"] = 1;
  list["items"] = any_call(functions, key, "/items");
  return list;
}

// The functions of which one must be called.
Result<Json> choices(const ToolUse& use) {
  MALMOI_ASSIGN(const Json tools, parse_json(use.functions, "tools"));
  Json functions = Json::array();
  for (const Json& tool : tools) {
    if (use.name.empty() || json_string(tool["function"], "name") == use.name) functions.push_back(tool["function"]);
  }
  if (functions.empty())
    return usage_error("there is no function '" + use.name + "'", "tool_choice", "name one of `tools`");
  return functions;
}

}  // namespace

Result<ForcedCall> force_call(const ToolUse& use, const CallForm& form) {
  using enum CallForm::Body;
  MALMOI_ASSIGN(const Json functions, choices(use));
  const std::string key(form.key);
  ForcedCall forced{.begun = std::string(form.before)};
  switch (form.body) {
    case kNone:
      return unsupported("the model writes calls in a form that answers cannot be held to", "tool_choice",
                         "use 'auto'");
    case kCall: forced.schema = dump_json(any_call(functions, key, "")); break;
    case kCalls: forced.schema = dump_json(list_of_calls(use, functions, key)); break;
    case kArguments:
      if (functions.size() > 1)
        return unsupported("the model names a function before what an answer can be held to", "tool_choice",
                           "name the function, give one alone, or use 'auto'");
      forced.begun += json_string(functions[0], "name") + std::string(form.after_name);
      forced.schema = dump_json(arguments_schema(functions[0], ""));
  }
  return forced;
}

}  // namespace malmoi::chat
