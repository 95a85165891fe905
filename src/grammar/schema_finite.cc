// The values of schemas that have few enough to list them.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

#include "base/json_read.h"
#include "grammar/schema_builder.h"

namespace malmoi::grammar {
namespace {

// The whole numbers within bounds that are near each other; none where they are not.
std::optional<Json> few_integers(const Json& schema) {
  constexpr double kMostIntegers = 64, kExactBelow = 0x1p53;
  if (!parts_of_not(schema).empty()) return {};
  auto end = [&](const char* key, const char* excluded, bool lower) -> std::optional<double> {
    const auto own = json_number(schema, key), other = json_number(schema, excluded);
    std::optional<double> found;
    if (own) found = lower ? std::ceil(*own) : std::floor(*own);
    if (!other) return found;
    const double within = lower ? std::floor(*other) + 1 : std::ceil(*other) - 1;
    if (!found) return within;
    return lower ? std::max(*found, within) : std::min(*found, within);
  };
  const auto low = end("minimum", "exclusiveMinimum", true), high = end("maximum", "exclusiveMaximum", false);
  const bool known = low && high && std::abs(*low) < kExactBelow && std::abs(*high) < kExactBelow;
  if (!known || *high - *low >= kMostIntegers) return {};
  const auto step = schema.contains("multipleOf") ? json_count(schema, "multipleOf", INT32_MAX) : 1;
  if (!step || *step == 0) return {};
  Json out = Json::array();
  for (auto value = static_cast<int64_t>(*low); value <= static_cast<int64_t>(*high); ++value)
    if (value % *step == 0) out.push_back(value);
  return out;
}

std::optional<Json> few_of_type(const std::string& type, const Json& schema) {
  if (type == "boolean") return Json::array({false, true});
  if (type == "null") return Json::array({nullptr});
  return type == "integer" ? few_integers(schema) : std::nullopt;
}

// Each once: 1 and 1.0 are the same.
Json distinct(const Json& values) {
  std::unordered_set<std::string> known;
  Json out = Json::array();
  for (const Json& value : values)
    if (known.insert(text_of(value)).second) out.push_back(value);
  return out;
}

}  // namespace

Result<std::optional<Json>> SchemaBuilder::finite_values(const Json& schema, const std::string& at, int depth) {
  constexpr int kDeepestChoices = 16;
  if (schema == Json(false)) return std::optional<Json>(Json::array());
  if (depth > kDeepestChoices || schema == Json(true)) return std::optional<Json>{};
  if (!schema.is_object()) return invalid_data("a schema is an object, true or false", place(at));
  MALMOI_TRY(check_keywords(schema, place(at)));
  Json made;
  MALMOI_ASSIGN(const Json* whole, merger_.expanded(schema, made, "#" + at));
  if (whole != &schema) return finite_values(*whole, at, depth + 1);
  if (is_nullable(schema) && !says_nothing(without(schema, "nullable"))) {
    MALMOI_ASSIGN(std::optional<Json> values, finite_values(without(schema, "nullable"), at, depth + 1));
    if (values) values->push_back(nullptr);
    if (values) values = distinct(*values);
    return values;
  }
  for (const char* keyword : {"anyOf", "oneOf"})
    if (schema.contains(keyword)) return values_of_branches(schema, keyword, at, depth);
  if (schema.contains("const") || schema.contains("enum")) {
    MALMOI_ASSIGN(const Json values, values_listed(schema, at));
    return std::optional<Json>(distinct(values));
  }
  Json all = Json::array();
  for (const std::string& type : types_of(schema)) {
    const std::optional<Json> values = few_of_type(type, schema);
    if (!values) return values;
    all.insert(all.end(), values->begin(), values->end());
  }
  return std::optional<Json>(std::move(all));
}

Result<std::optional<Json>> SchemaBuilder::values_of_branches(const Json& schema, const std::string& keyword,
                                                              const std::string& at, int depth) {
  Json made, all = Json::array();
  MALMOI_ASSIGN(const Json* branches, branches_of(schema, keyword, at, made));
  for (const Json& branch : *branches) {
    MALMOI_ASSIGN(const std::optional<Json> values, finite_values(branch, at, depth + 1));
    if (!values) return values;
    all.insert(all.end(), values->begin(), values->end());
  }
  return std::optional<Json>(distinct(all));
}

}  // namespace malmoi::grammar
