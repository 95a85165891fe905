#include "protocol/gemini_schema.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "base/json_read.h"

namespace malmoi::protocol {
namespace {

bool is_one_of_texts(const Json& value, std::initializer_list<std::string_view> texts) {
  return value.is_string() && std::ranges::find(texts, value.get_ref<const std::string&>()) != texts.end();
}

// Of type int64, which JSON clients send as texts, too.
bool is_count(std::string_view key) {
  return key == "minItems" || key == "maxItems" || key == "minLength" || key == "maxLength" || key == "minProperties" ||
         key == "maxProperties";
}

Json count_of(const Json& value) {
  if (!value.is_string()) return value;
  const std::string& text = value.get_ref<const std::string&>();
  int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? Json(count) : value;
}

Json each(const Json& schemas) {
  if (!schemas.is_array()) return schemas;
  Json out = Json::array();
  for (const Json& schema : schemas) out.push_back(to_json_schema(schema));
  return out;
}

// Schemas by their names: first those that `order` names. An answer writes its properties in this order.
Json named(const Json& schemas, const Json& order) {
  if (!schemas.is_object()) return schemas;
  Json out = Json::object();
  auto add = [&](const std::string& name) {
    if (schemas.contains(name) && !out.contains(name)) out[name] = to_json_schema(schemas.at(name));
  };
  for (const Json& name : order) {
    if (name.is_string()) add(name.get<std::string>());
  }
  for (const auto& item : schemas.items()) add(item.key());
  return out;
}

// A reference to a definition, which JSON Schema keeps under another name.
Json reference_of(const Json& value) {
  constexpr std::string_view kDefinitions = "#/defs/";
  if (!value.is_string()) return value;
  const std::string& text = value.get_ref<const std::string&>();
  return text.starts_with(kDefinitions) ? Json("#/$defs/" + text.substr(kDefinitions.size())) : value;
}

}  // namespace

Json to_json_schema(const Json& schema) {
  if (!schema.is_object()) return schema;
  Json out = Json::object();
  for (const auto& [key, value] : schema.items()) {
    if (key == "type" && value.is_string()) {
      if (value != "TYPE_UNSPECIFIED") out[key] = ascii_lower(value.get<std::string>());
    } else if (key == "properties") {
      out[key] = named(value, json_list(schema, "propertyOrdering"));
    } else if (key == "defs" || key == "$defs") {
      out["$defs"] = named(value, Json::array());
    } else if (key == "ref" || key == "$ref") {
      out["$ref"] = reference_of(value);
    } else if (key == "items" || key == "additionalProperties") {
      out[key] = to_json_schema(value);
    } else if (key == "anyOf") {
      out[key] = each(value);
    } else if (is_count(key)) {
      out[key] = count_of(value);
    } else if (key != "propertyOrdering" &&
               !(key == "format" && is_one_of_texts(value, {"int32", "int64", "float", "double", "enum"}))) {
      out[key] = value;
    }
  }
  return out;
}

}  // namespace malmoi::protocol
