#include "grammar/schema_values.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/json_read.h"
#include "grammar/schema_keywords.h"

namespace malmoi::grammar {
namespace {

struct NumberEnd {
  double value;
  bool excluded;
};

// The nearest end that the bounds of a schema have below, or above.
std::optional<NumberEnd> end_of_numbers(const Json& schema, bool lower) {
  std::optional<NumberEnd> found;
  for (bool excluded : {false, true}) {
    const auto value = json_number(
        schema, lower ? (excluded ? "exclusiveMinimum" : "minimum") : (excluded ? "exclusiveMaximum" : "maximum"));
    if (!value) continue;
    if (!found || *value == found->value || (*value > found->value) == lower) found = NumberEnd{*value, excluded};
  }
  return found;
}

bool has_no_number(const Json& schema, bool whole) {
  constexpr double kExactBelow = 0x1p53;  // whole numbers of f64
  const auto low = end_of_numbers(schema, true), high = end_of_numbers(schema, false);
  if (!low || !high) return false;
  if (low->value > high->value) return true;
  if (low->value == high->value && (low->excluded || high->excluded)) return true;
  if (!whole || std::abs(low->value) >= kExactBelow || std::abs(high->value) >= kExactBelow) return false;
  double first = std::ceil(low->value), last = std::floor(high->value);
  if (low->excluded && first == low->value) ++first;
  if (high->excluded && last == high->value) --last;
  return first > last;
}

bool has_no_count(const Json& schema, const char* min, const char* max) {
  const auto least = json_count(schema, min), most = json_count(schema, max);
  return least && most && *least > *most;
}

bool has_nothing_of(const std::string& type, const Json& schema) {
  if (type == "integer" || type == "number") return has_no_number(schema, type == "integer");
  if (type == "string") return has_no_count(schema, "minLength", "maxLength");
  if (type == "array") return has_no_count(schema, "minItems", "maxItems");
  return type == "object" && has_no_count(schema, "minProperties", "maxProperties");
}

bool is_outside(const Json& number, const Json& schema) {
  const auto low = end_of_numbers(schema, true), high = end_of_numbers(schema, false);
  const double value = number.get<double>();
  if (low && (value < low->value || (low->excluded && value == low->value))) return true;
  return high && (value > high->value || (high->excluded && value == high->value));
}

}  // namespace

std::optional<Json> listed_values(const Json& schema) {
  if (!schema.is_object()) return {};
  if (auto found = schema.find("const"); found != schema.end()) return Json::array({*found});
  if (auto found = schema.find("enum"); found != schema.end() && found->is_array()) return *found;
  return {};
}

ValueCheck::ValueCheck(const Json& schema) : schema_(schema) {
  if (!schema.is_object()) return;
  if (schema.contains("type")) types_ = types_of(schema);
  if (auto constant = schema.find("const"); constant != schema.end()) constant_ = {text_of(*constant)};
  if (auto list = schema.find("enum"); list != schema.end() && list->is_array()) listed_ = texts_of(*list);
  for (const Json& part : parts_of_not(schema)) {
    if (part.contains("enum")) excluded_.merge(texts_of(part["enum"]));
    else if (part.size() == 1) no_integer_ = true;
  }
}

bool ValueCheck::is_certainly_not(const Json& value) const {
  if (!schema_.is_object()) return schema_ == Json(false);
  if (value.is_null() && is_nullable(schema_)) return false;
  auto is_of = [&](const std::string& type) { return is_of_type(value, type); };
  if (schema_.contains("type") && std::none_of(types_.begin(), types_.end(), is_of)) return true;
  if (no_integer_ && is_of_type(value, "integer")) return true;
  if (value.is_number() && is_outside(value, schema_)) return true;
  const std::string text = text_of(value);
  if (constant_ && !constant_->contains(text)) return true;
  return (listed_ && !listed_->contains(text)) || excluded_.contains(text);
}

void settle_values(Json& schema) {
  if (!schema.is_object()) return;
  auto constant = schema.find("const"), list = schema.find("enum");
  const bool both_say = constant != schema.end() && list != schema.end();
  const Json& parts = parts_of_not(schema);
  const bool excludes = std::any_of(parts.begin(), parts.end(), [](const Json& part) { return part.contains("enum"); });
  const std::optional<Json> values = listed_values(schema);
  if (!values || (!both_say && !excludes)) return;
  const ValueCheck check(schema);
  Json kept = Json::array(), others = Json::array();
  for (const Json& value : *values)
    if (!check.is_certainly_not(value)) kept.push_back(value);
  for (const Json& part : parts)
    if (!part.contains("enum")) others.push_back(part);
  schema.erase("const");
  schema["enum"] = std::move(kept);
  if (others.empty()) schema.erase("not");
  else schema["not"]["anyOf"] = std::move(others);
}

bool allows_nothing(const Json& schema) {
  if (!schema.is_object() || is_nullable(schema)) return schema == Json(false);
  if (const std::optional<Json> values = listed_values(schema)) {
    const ValueCheck check(schema);
    return std::all_of(values->begin(), values->end(),
                       [&](const Json& value) { return check.is_certainly_not(value); });
  }
  const std::vector<std::string> types = types_of(schema);
  return std::all_of(types.begin(), types.end(), [&](const std::string& type) { return has_nothing_of(type, schema); });
}

bool have_no_type_in_common(const Json& a, const Json& b) {
  for (const Json* schema : {&a, &b})
    if (!schema->is_object() || !schema->contains("type") || is_nullable(*schema)) return false;
  const std::vector<std::string> first = types_of(a), second = types_of(b);
  auto meets = [&](const std::string& type) {
    return std::any_of(second.begin(), second.end(), [&](const std::string& other) {
      return type == other || (type == "integer" && other == "number") || (type == "number" && other == "integer");
    });
  };
  return std::none_of(first.begin(), first.end(), meets);
}

}  // namespace malmoi::grammar
