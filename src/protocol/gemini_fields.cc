#include "protocol/gemini_fields.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace malmoi::protocol {
namespace {

bool is_one_of(std::string_view key, std::initializer_list<std::string_view> keys) {
  return std::ranges::find(keys, key) != keys.end();
}

// Values that belong to the caller whole.
bool holds_data(std::string_view key) {
  return is_one_of(key, {"args", "response", "parametersJsonSchema", "responseJsonSchema", "default", "example", "enum",
                         "const", "labels", "partMetadata"});
}

// Values whose keys are names, each of a schema.
bool holds_names(std::string_view key) { return is_one_of(key, {"properties", "$defs", "defs"}); }

std::string camel_case(std::string_view key) {
  std::string out;
  for (size_t i = 0; i < key.size(); ++i) {
    const char next = i + 1 < key.size() ? key[i + 1] : '\0';
    if (key[i] == '_' && i > 0 && next >= 'a' && next <= 'z') {
      out += static_cast<char>(next - 'a' + 'A');
      ++i;
    } else {
      out += key[i];
    }
  }
  return out;
}

// An object whose own keys are names.
Result<Json> names_as_they_are(const Json& object) {
  if (!object.is_object()) return object;
  Json out = Json::object();
  for (const auto& [name, value] : object.items()) {
    MALMOI_ASSIGN(out[name], in_camel_case(value));
  }
  return out;
}

Result<Json> renamed(const Json& object) {
  Json out = Json::object();
  for (const auto& [key, value] : object.items()) {
    const std::string name = camel_case(key);
    if (out.contains(name))
      return usage_error("'" + shown(name) + "' is there twice, in camelCase and in snake_case", shown(name),
                         "leave one of them out");
    if (holds_data(name)) {
      out[name] = value;
    } else {
      MALMOI_ASSIGN(out[name], holds_names(name) ? names_as_they_are(value) : in_camel_case(value));
    }
  }
  return out;
}

}  // namespace

Result<Json> in_camel_case(const Json& body) {
  if (body.is_object()) return renamed(body);
  if (!body.is_array()) return body;
  Json out = Json::array();
  for (const Json& item : body) {
    MALMOI_ASSIGN(Json made, in_camel_case(item));
    out.push_back(std::move(made));
  }
  return out;
}

std::vector<const Json*> elements(const Json& value) {
  if (!value.is_array()) return {&value};
  std::vector<const Json*> out;
  for (const Json& item : value) out.push_back(&item);
  return out;
}

void refuse_any(Fields& fields, const std::string& prefix, const char* name, const std::string& why) {
  if (!fields.raw(name)) return;
  fields.fail(unsupported("'" + std::string(name) + "' is not supported: " + why, prefix + name, "leave it out"));
}

}  // namespace malmoi::protocol
