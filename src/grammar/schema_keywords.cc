#include "grammar/schema_keywords.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/shown.h"

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
    {"contentSchema", KeywordUse::kAnnotation},
    {"type", KeywordUse::kAnyType},
    {"nullable", KeywordUse::kAnyType},
    {"enum", KeywordUse::kAnyType},
    {"const", KeywordUse::kAnyType},
    {"anyOf", KeywordUse::kAnyType},
    {"oneOf", KeywordUse::kAnyType},
    {"allOf", KeywordUse::kAnyType},
    {"$ref", KeywordUse::kAnyType},
    {"not", KeywordUse::kAnyType},
    {"if", KeywordUse::kAnyType},
    {"then", KeywordUse::kAnyType},
    {"else", KeywordUse::kAnyType},
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
    {"contains", KeywordUse::kArray},
    {"minContains", KeywordUse::kArray},
    {"maxContains", KeywordUse::kArray},
    {"properties", KeywordUse::kObject},
    {"required", KeywordUse::kObject},
    {"additionalProperties", KeywordUse::kObject},
    {"patternProperties", KeywordUse::kObject},
    {"propertyNames", KeywordUse::kObject},
    {"minProperties", KeywordUse::kObject},
    {"maxProperties", KeywordUse::kObject},
    {"dependentRequired", KeywordUse::kObject},
    {"dependentSchemas", KeywordUse::kObject},
    {"dependencies", KeywordUse::kObject},
};

constexpr const char* kTypes[] = {"object", "array", "string", "number", "integer", "boolean", "null"};

bool has_only(const Json& schema, std::initializer_list<const char*> keys) {
  return schema.size() == keys.size() &&
         std::all_of(keys.begin(), keys.end(), [&](const char* key) { return schema.contains(key); });
}
bool is_pattern_alone(const Json& schema) {
  return schema.is_object() && has_only(schema, {"pattern"}) && schema["pattern"].is_string();
}

bool is_plain_part(const Json& part) {
  if (!part.is_object()) return false;
  if (has_only(part, {"enum"})) {
    auto is_held = [](const Json& value) { return value.is_string() || value.is_structured(); };
    return part["enum"].is_array() && std::all_of(part["enum"].begin(), part["enum"].end(), is_held);
  }
  if (!part.contains("type") || !part["type"].is_string()) return false;
  const auto type = part["type"].get<std::string>();
  if (has_only(part, {"type"})) return type == "integer";
  if (has_only(part, {"type", "multipleOf"})) return type == "number";
  if (type != "string") return false;
  if (has_only(part, {"type", "pattern"})) return part["pattern"].is_string();
  return has_only(part, {"type", "not"}) && is_pattern_alone(part["not"]);
}

}  // namespace

Json as_list(const Json& value) { return value.is_array() ? value : Json::array({value}); }

KeywordUse use_of(std::string_view keyword) {
  for (const Keyword& known : kKeywords)
    if (known.name == keyword) return known.use;
  return keyword.starts_with("x-") ? KeywordUse::kAnnotation : KeywordUse::kUnknown;
}

Status check_keywords(const Json& schema, const std::string& where) {
  for (const auto& item : schema.items()) {
    if (use_of(item.key()) != KeywordUse::kUnknown) continue;
    const bool unevaluated = item.key().starts_with("unevaluated");
    return unsupported("the keyword '" + show_controls(item.key()) + "' cannot be kept to", where,
                       unevaluated ? "write one schema that names all, with additionalProperties or items"
                                   : "leave it out, and check the answer for it");
  }
  if (auto type = schema.find("type"); type != schema.end()) {
    const Json list = as_list(*type);
    for (const Json& one : list) {
      const bool known = one.is_string() &&
                         std::find(std::begin(kTypes), std::end(kTypes), one.get<std::string>()) != std::end(kTypes);
      if (!known)
        return invalid_data("an unknown type " + dump_json(one), where + "/type",
                            "one of object, array, string, number, integer, boolean, null");
    }
  }
  return {};
}

bool is_plain_not(const Json& negated) {
  if (!negated.is_object() || !has_only(negated, {"anyOf"}) || !negated["anyOf"].is_array()) return false;
  return !negated["anyOf"].empty() && std::all_of(negated["anyOf"].begin(), negated["anyOf"].end(), is_plain_part);
}

const Json& parts_of_not(const Json& schema) {
  static const Json kNone = Json::array();
  auto found = schema.find("not");
  return found != schema.end() && is_plain_not(*found) ? (*found)["anyOf"] : kNone;
}

bool has_conditions(const Json& schema) {
  for (const char* keyword : {"if", "then", "else", "dependentRequired", "dependentSchemas", "dependencies"})
    if (schema.contains(keyword)) return true;
  auto negated = schema.find("not");
  return negated != schema.end() && !is_plain_not(*negated);
}

bool says_nothing(const Json& schema) {
  if (schema.is_boolean()) return schema.get<bool>();
  for (const auto& item : schema.items())
    if (use_of(item.key()) != KeywordUse::kAnnotation) return false;
  return true;
}

Json saying(const std::string& keyword, Json value) {
  Json out = Json::object();
  out[keyword] = std::move(value);
  return out;
}

Json both(const Json& one, const Json& other) {
  const bool is_list = one.is_object() && one.size() == 1 && one.contains("allOf") && one["allOf"].is_array();
  if (!is_list) return {{"allOf", Json::array({one, other})}};
  Json out = one;
  out["allOf"].push_back(other);
  return out;
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

bool is_nullable(const Json& schema) {
  auto found = schema.find("nullable");
  return found != schema.end() && found->is_boolean() && found->get<bool>();
}

std::vector<std::string> types_of(const Json& schema) {
  std::vector<std::string> types;
  auto add = [&](const std::string& type) {
    if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
  };
  if (auto found = schema.find("type"); found != schema.end()) {
    for (const Json& type : as_list(*found))
      if (type.is_string()) add(type.get<std::string>());
    return types;
  }
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

std::string text_of(const Json& value) {
  constexpr double kExactBelow = 0x1p53;  // whole numbers of f64
  if (value.is_number_float() && is_of_type(value, "integer") && std::abs(value.get<double>()) < kExactBelow)
    return std::to_string(static_cast<int64_t>(value.get<double>()));
  if (!value.is_structured()) return dump_json(value);
  std::string out = value.is_array() ? "[" : "{";
  std::vector<std::string> parts;
  for (const auto& item : value.items())
    parts.push_back(value.is_array() ? text_of(item.value())
                                     : dump_json(Json(item.key())) + ":" + text_of(item.value()));
  if (value.is_object()) std::sort(parts.begin(), parts.end());
  for (const std::string& part : parts) out += part + ",";
  return out + (value.is_array() ? "]" : "}");
}

std::unordered_set<std::string> texts_of(const Json& list) {
  std::unordered_set<std::string> out;
  for (const Json& value : list) out.insert(text_of(value));
  return out;
}

}  // namespace malmoi::grammar
