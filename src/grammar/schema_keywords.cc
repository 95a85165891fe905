#include "grammar/schema_keywords.h"

#include <algorithm>
#include <cmath>

namespace malmoi::grammar {
namespace {

struct Keyword {
  std::string_view name;
  KeywordUse use;
};

constexpr Keyword kKeywords[] = {
    {"title", KeywordUse::kAnnotation},
    {"description", KeywordUse::kAnnotation},
    {"default", KeywordUse::kAnnotation},
    {"example", KeywordUse::kAnnotation},
    {"examples", KeywordUse::kAnnotation},
    {"deprecated", KeywordUse::kAnnotation},
    {"readOnly", KeywordUse::kAnnotation},
    {"writeOnly", KeywordUse::kAnnotation},
    {"$schema", KeywordUse::kAnnotation},
    {"$comment", KeywordUse::kAnnotation},
    {"$id", KeywordUse::kAnnotation},
    {"id", KeywordUse::kAnnotation},
    {"$defs", KeywordUse::kAnnotation},
    {"definitions", KeywordUse::kAnnotation},
    {"contentMediaType", KeywordUse::kAnnotation},
    {"contentEncoding", KeywordUse::kAnnotation},
    {"type", KeywordUse::kAnyType},
    {"nullable", KeywordUse::kAnyType},
    {"enum", KeywordUse::kAnyType},
    {"const", KeywordUse::kAnyType},
    {"anyOf", KeywordUse::kAnyType},
    {"oneOf", KeywordUse::kAnyType},
    {"allOf", KeywordUse::kAnyType},
    {"$ref", KeywordUse::kAnyType},
    {"minLength", KeywordUse::kString},
    {"maxLength", KeywordUse::kString},
    {"pattern", KeywordUse::kString},
    {"format", KeywordUse::kString},
    {"minimum", KeywordUse::kNumber},
    {"maximum", KeywordUse::kNumber},
    {"exclusiveMinimum", KeywordUse::kNumber},
    {"exclusiveMaximum", KeywordUse::kNumber},
    {"multipleOf", KeywordUse::kNumber},
    {"items", KeywordUse::kArray},
    {"prefixItems", KeywordUse::kArray},
    {"additionalItems", KeywordUse::kArray},
    {"minItems", KeywordUse::kArray},
    {"maxItems", KeywordUse::kArray},
    {"uniqueItems", KeywordUse::kArray},
    {"properties", KeywordUse::kObject},
    {"required", KeywordUse::kObject},
    {"additionalProperties", KeywordUse::kObject},
    {"patternProperties", KeywordUse::kObject},
    {"propertyNames", KeywordUse::kObject},
    {"minProperties", KeywordUse::kObject},
    {"maxProperties", KeywordUse::kObject},
};

}  // namespace

Json as_list(const Json& value) { return value.is_array() ? value : Json::array({value}); }

KeywordUse use_of(std::string_view keyword) {
  for (const Keyword& known : kKeywords)
    if (known.name == keyword) return known.use;
  return keyword.starts_with("x-") ? KeywordUse::kAnnotation : KeywordUse::kUnknown;
}

bool says_nothing(const Json& schema) {
  if (schema.is_boolean()) return schema.get<bool>();
  for (const auto& item : schema.items())
    if (use_of(item.key()) != KeywordUse::kAnnotation) return false;
  return true;
}

Json without(const Json& schema, std::string_view keyword) {
  Json out = Json::object();
  for (const auto& [key, value] : schema.items())
    if (key != keyword && use_of(key) != KeywordUse::kAnnotation) out[key] = value;
  return out;
}

bool is_of_type(const Json& value, std::string_view type) {
  if (type == "integer") {
    if (value.is_number_integer()) return true;
    return value.is_number_float() && std::trunc(value.get<double>()) == value.get<double>();
  }
  if (type == "number") return value.is_number();
  return value.type_name() == type;
}

std::vector<std::string> types_of(const Json& schema) {
  std::vector<std::string> types;
  if (auto found = schema.find("type"); found != schema.end()) {
    for (const Json& type : as_list(*found))
      if (type.is_string()) types.push_back(type.get<std::string>());
    return types;
  }
  auto add = [&](const char* type) {
    if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
  };
  for (const auto& [key, value] : schema.items()) {
    switch (use_of(key)) {
      case KeywordUse::kString: add("string"); break;
      case KeywordUse::kNumber: add("number"); break;
      case KeywordUse::kArray: add("array"); break;
      case KeywordUse::kObject: add("object"); break;
      default: break;
    }
  }
  return types.empty() ? std::vector<std::string>{"object", "array", "string", "number", "boolean", "null"} : types;
}

}  // namespace malmoi::grammar
