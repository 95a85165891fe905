#include "protocol/gemini_tools.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "protocol/gemini_fields.h"
#include "protocol/gemini_schema.h"
#include "protocol/openai_tools.h"

namespace malmoi::protocol {
namespace {

constexpr size_t kMaxFunctions = 128;  // as read_tools() takes
constexpr const char* kConfig = "toolConfig.functionCallingConfig.";

// What is offered, in OpenAI's form, and where each function stood.
struct Declared {
  Json tools = Json::array();
  std::vector<std::string> places;
};

std::string name_of(const Json& tool) { return json_string(tool["function"], "name"); }

Status add_function(const Json& given, const std::string& place, Declared& out) {
  if (!given.is_object()) return usage_error("a function is not an object", place);
  if (out.places.size() == kMaxFunctions)
    return usage_error("there are more than " + std::to_string(kMaxFunctions) + " functions", place);
  Fields fields(given, place + ".");
  Json function = Json::object();
  for (const char* name : {"name", "description"}) {
    if (const Json* value = fields.raw(name)) function[name] = *value;
  }
  const Json* open_api = fields.raw("parameters");
  const Json* schema = fields.raw("parametersJsonSchema");
  if (open_api && schema) fields.fail("parameters", "'parameters' stands beside 'parametersJsonSchema'", "give one");
  if (schema) function["parameters"] = *schema;
  else if (open_api) function["parameters"] = to_json_schema(*open_api);
  fields.ignore({"response", "responseJsonSchema"});  // of results, which are told as they come
  fields.refuse("behavior", "functions are waited for", "BLOCKING");
  MALMOI_TRY(fields.finish());
  Json tool = {{"type", "function"}};
  tool["function"] = std::move(function);
  out.tools.push_back(std::move(tool));
  out.places.push_back(place);
  return {};
}

Status add_tool(const Json& given, const std::string& place, Declared& out) {
  if (!given.is_object())
    return usage_error("a tool is not an object", place, "give {\"functionDeclarations\": [...]}");
  Fields fields(given, place + ".");
  for (const char* name : {"googleSearch", "googleSearchRetrieval", "googleMaps", "codeExecution", "urlContext",
                           "fileSearch", "computerUse", "mcpServers", "retrieval", "enterpriseWebSearch"})
    refuse_any(fields, place + ".", name, "the server has no tools of its own");
  const Json* functions = fields.raw("functionDeclarations");
  MALMOI_TRY(fields.finish());
  if (!functions) return {};
  size_t index = 0;
  for (const Json* function : elements(*functions))
    MALMOI_TRY(add_function(*function, place + ".functionDeclarations[" + std::to_string(index++) + "]", out));
  return {};
}

Declared read_declared(Fields& fields) {
  Declared out;
  const Json* tools = fields.raw("tools");
  if (!tools) return out;
  size_t index = 0;
  for (const Json* tool : elements(*tools)) {
    Status added = add_tool(*tool, "tools[" + std::to_string(index++) + "]", out);
    if (!added.ok()) return fields.fail(added.error()), out;
  }
  return out;
}

// Takes away what may not be called, and says how to choose among the rest: `required`, or the function by its name.
Json choose(Fields& config, const std::vector<std::string>& allowed, Declared& declared) {
  if (declared.tools.empty()) return config.fail("mode", "mode ANY needs functions", "give 'tools'"), Json("auto");
  for (const std::string& name : allowed) {
    const bool offered = std::ranges::any_of(declared.tools, [&](const Json& tool) { return name_of(tool) == name; });
    if (!offered) config.fail("allowedFunctionNames", "there is no function '" + shown(name) + "' in 'tools'");
  }
  if (allowed.size() == 1) return {{"type", "function"}, {"function", {{"name", allowed[0]}}}};
  if (allowed.empty()) return "required";
  Declared kept;
  for (size_t i = 0; i < declared.tools.size(); ++i) {
    if (std::ranges::find(allowed, name_of(declared.tools[i])) == allowed.end()) continue;
    kept.tools.push_back(declared.tools[i]);
    kept.places.push_back(declared.places[i]);
  }
  declared = std::move(kept);
  return "required";
}

// As OpenAI's `tool_choice`.
Json read_calling_config(Fields& config, Declared& declared) {
  const std::string mode = config.text("mode").value_or("AUTO");
  const std::vector<std::string> allowed = config.texts("allowedFunctionNames", kMaxFunctions);
  if (mode == "ANY") return choose(config, allowed, declared);
  if (!allowed.empty()) config.fail("allowedFunctionNames", "'allowedFunctionNames' needs the mode ANY");
  if (mode == "NONE") return "none";
  if (mode != "AUTO" && mode != "MODE_UNSPECIFIED")
    config.fail(unsupported("the mode '" + shown(mode) + "' is not supported", std::string(kConfig) + "mode",
                            "use AUTO, ANY or NONE"));
  return "auto";
}

Json read_tool_config(Fields& fields, Declared& declared) {
  const Json* given = fields.raw("toolConfig");
  if (!given) return "auto";
  if (!given->is_object()) return fields.fail("toolConfig", "'toolConfig' is not an object"), Json("auto");
  Fields tool_config(*given, "toolConfig.");
  const Json* calling = tool_config.raw("functionCallingConfig");
  tool_config.refuse("retrievalConfig", "the server has no tools of its own");
  tool_config.refuse("includeServerSideToolInvocations", "the server has no tools of its own");
  if (calling && !calling->is_object())
    tool_config.fail("functionCallingConfig", "'functionCallingConfig' is not an object");
  if (Status done = tool_config.finish(); !done.ok()) return fields.fail(done.error()), Json("auto");
  if (!calling) return "auto";
  Fields config(*calling, kConfig);
  Json choice = read_calling_config(config, declared);
  if (Status done = config.finish(); !done.ok()) fields.fail(done.error());
  return choice;
}

// An error about OpenAI's form names the place in this one.
Error at_its_place(Error error, const std::vector<std::string>& places) {
  for (size_t i = 0; i < places.size(); ++i) {
    const std::string begin = "tools[" + std::to_string(i) + "].function";
    if (error.where.starts_with(begin)) {
      error.where = places[i] + error.where.substr(begin.size());
      break;
    }
  }
  return error;
}

}  // namespace

chat::ToolUse read_declared_functions(Fields& fields) {
  Declared declared = read_declared(fields);
  Json choice = fields.failed() ? Json("auto") : read_tool_config(fields, declared);
  fields.ignore({"tools", "toolConfig"});
  if (fields.failed()) return {};
  Json request = Json::object();
  request["tools"] = std::move(declared.tools);
  request["tool_choice"] = std::move(choice);
  Fields in_openais_form(request);
  chat::ToolUse use = read_tools(in_openais_form);
  if (Status done = in_openais_form.finish(); !done.ok()) fields.fail(at_its_place(done.error(), declared.places));
  return use;
}

}  // namespace malmoi::protocol
