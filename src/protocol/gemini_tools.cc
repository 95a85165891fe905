#include "protocol/gemini_tools.h"

#include <string>
#include <utility>
#include <vector>

#include "protocol/function_list.h"
#include "protocol/gemini_fields.h"
#include "protocol/gemini_schema.h"

namespace malmoi::protocol {
namespace {

using Choice = chat::ToolUse::Choice;

constexpr const char* kConfig = "toolConfig.functionCallingConfig.";

Status add_function(const Json& given, const std::string& place, FunctionList& functions) {
  if (!given.is_object()) return usage_error("a function is not an object", place);
  if (functions.size() == kMaxFunctions)
    return usage_error("there are more than " + std::to_string(kMaxFunctions) + " functions", place);
  Fields fields(given, place + ".");
  Json function = Json::object();
  function["name"] = fields.text("name").value_or("");
  if (auto description = fields.text("description")) function["description"] = *std::move(description);
  const Json* open_api = fields.raw("parameters");
  const Json* schema = fields.raw("parametersJsonSchema");
  if (open_api && schema) fields.fail("parameters", "'parameters' stands beside 'parametersJsonSchema'", "give one");
  if (schema) function["parameters"] = *schema;
  else if (open_api) function["parameters"] = to_json_schema(*open_api);
  fields.ignore({"response", "responseJsonSchema"});  // of results, which are told as they come
  fields.refuse("behavior", "functions are waited for", "BLOCKING");
  MALMOI_TRY(fields.finish());
  return functions.add(std::move(function), place + ".", schema ? "parametersJsonSchema" : "parameters");
}

Status add_tool(const Json& given, const std::string& place, FunctionList& functions) {
  if (!given.is_object())
    return usage_error("a tool is not an object", place, "give {\"functionDeclarations\": [...]}");
  Fields fields(given, place + ".");
  for (const char* name : {"googleSearch", "googleSearchRetrieval", "googleMaps", "codeExecution", "urlContext",
                           "fileSearch", "computerUse", "mcpServers", "retrieval", "enterpriseWebSearch"})
    refuse_any(fields, place + ".", name, "the server has no tools of its own");
  const Json* declared = fields.raw("functionDeclarations");
  MALMOI_TRY(fields.finish());
  if (!declared) return {};
  size_t index = 0;
  for (const Json* function : elements(*declared))
    MALMOI_TRY(add_function(*function, place + ".functionDeclarations[" + std::to_string(index++) + "]", functions));
  return {};
}

FunctionList read_declarations(Fields& fields) {
  FunctionList functions;
  const Json* tools = fields.raw("tools");
  if (!tools) return functions;
  size_t index = 0;
  for (const Json* tool : elements(*tools)) {
    Status added = add_tool(*tool, "tools[" + std::to_string(index++) + "]", functions);
    if (!added.ok()) return fields.fail(added.error()), functions;
  }
  return functions;
}

// A call must be made: of one of `allowed`, or of any function where there are none. The others are not offered.
void require_call(Fields& config, const std::vector<std::string>& allowed, FunctionList& functions,
                  chat::ToolUse& use) {
  use.choice = Choice::kRequired;
  if (functions.empty()) return config.fail("mode", "mode ANY needs functions", "give 'tools'");
  for (const std::string& name : allowed) {
    if (!functions.contains(name))
      config.fail("allowedFunctionNames", "there is no function '" + shown(name) + "' in 'tools'");
  }
  if (allowed.size() == 1) use.name = allowed[0];
  else if (!allowed.empty()) functions.keep(allowed);
}

void read_calling_config(Fields& config, FunctionList& functions, chat::ToolUse& use) {
  const std::string mode = config.text("mode").value_or("AUTO");
  const std::vector<std::string> allowed = config.texts("allowedFunctionNames", kMaxFunctions);
  if (mode == "ANY") return require_call(config, allowed, functions, use);
  if (!allowed.empty()) config.fail("allowedFunctionNames", "'allowedFunctionNames' needs the mode ANY");
  if (mode == "NONE") use.choice = Choice::kNone;
  else if (mode != "AUTO" && mode != "MODE_UNSPECIFIED")
    config.fail(unsupported("the mode '" + shown(mode) + "' is not supported", std::string(kConfig) + "mode",
                            "use AUTO, ANY or NONE"));
}

void read_tool_config(Fields& tool_config, FunctionList& functions, chat::ToolUse& use) {
  tool_config.refuse("retrievalConfig", "the server has no tools of its own");
  tool_config.refuse("includeServerSideToolInvocations", "the server has no tools of its own");
  read_object(tool_config, "functionCallingConfig", kConfig,
              [&](Fields& config) { read_calling_config(config, functions, use); });
}

}  // namespace

chat::ToolUse read_declared_functions(Fields& fields) {
  chat::ToolUse use;
  FunctionList functions = read_declarations(fields);
  read_object(fields, "toolConfig", "toolConfig.",
              [&](Fields& tool_config) { read_tool_config(tool_config, functions, use); });
  use.functions = functions.text();
  return use;
}

}  // namespace malmoi::protocol
