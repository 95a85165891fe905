#include "protocol/function_list.h"

#include <algorithm>
#include <utility>

namespace malmoi::protocol {
namespace {

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

}  // namespace

Status FunctionList::add(Json function, const std::string& place, const std::string& schema) {
  const std::string name = json_string(function, "name");
  if (!is_function_name(name)) return usage_error("'name' is not 1 to 64 letters, digits, '_' and '-'", place + "name");
  if (!function.contains("parameters")) function["parameters"] = {{"type", "object"}, {"properties", Json::object()}};
  if (!is_object_schema(function["parameters"]))
    return usage_error("'" + schema + "' is not a JSON schema of an object", place + schema,
                       "give {\"type\": \"object\", ...}");
  if (!names_.insert(name).second) return usage_error("two functions are named '" + name + "'", place + "name");
  Json tool = {{"type", "function"}};
  tool["function"] = std::move(function);
  functions_.push_back(std::move(tool));
  return {};
}

void FunctionList::keep(const std::vector<std::string>& names) {
  const std::set<std::string> kept(names.begin(), names.end());
  Json functions = Json::array();
  for (Json& tool : functions_) {
    const std::string name = json_string(tool["function"], "name");
    if (kept.contains(name)) functions.push_back(std::move(tool));
    else names_.erase(name);
  }
  functions_ = std::move(functions);
}

}  // namespace malmoi::protocol
