// How two of one keyword become one.
#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "grammar/schema_merge.h"

namespace malmoi::grammar {
namespace {

constexpr std::array<std::string_view, 6> kLowerEnds{"minimum",  "exclusiveMinimum", "minLength",
                                                     "minItems", "minProperties",    "minContains"};
constexpr std::array<std::string_view, 6> kUpperEnds{"maximum",  "exclusiveMaximum", "maxLength",
                                                     "maxItems", "maxProperties",    "maxContains"};

template <typename List>
bool is_one_of(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

// The parts of two plain `not`, whose lists of values are one.
Json joined_parts(const Json& one, const Json& other) {
  Json out = Json::array(), values = Json::array();
  for (const Json* negated : {&one, &other})
    for (const Json& part : (*negated)["anyOf"]) {
      if (part.contains("enum")) values.insert(values.end(), part["enum"].begin(), part["enum"].end());
      else if (std::find(out.begin(), out.end(), part) == out.end()) out.push_back(part);
    }
  if (!values.empty()) out.push_back(saying("enum", std::move(values)));
  return out;
}

std::optional<int64_t> common_multiple(const Json& one, const Json& other) {
  const auto a = one.is_number_integer() ? one.get<int64_t>() : 0,
             b = other.is_number_integer() ? other.get<int64_t>() : 0;
  if (a <= 0 || b <= 0 || a > INT32_MAX || b > INT32_MAX) return {};
  return std::lcm(a, b);
}

Json common_types(const Json& a, const Json& b) {
  Json out = Json::array();
  const Json first = as_list(a), second = as_list(b);
  for (const Json& type : first) {
    if (is_one_of(second, type.is_string() ? type.get<std::string>() : "")) out.push_back(type);
    else if (type == "integer" && is_one_of(second, "number")) out.push_back(type);
    else if (type == "number" && is_one_of(second, "integer")) out.push_back("integer");
  }
  return out;
}

}  // namespace

Status SchemaMerger::add_keyword(Json& into, const std::string& key, const Json& value, const std::string& at) {
  auto there = into.find(key);
  if (there == into.end()) {
    into[key] = value;
    return {};
  }
  Json& mine = *there;
  if (mine == value) return {};
  if (key == "type") {
    mine = common_types(mine, value);
    return {};
  }
  if (key == "const") {  // no value is both
    into["enum"] = Json::array();
    return {};
  }
  if (key == "required" && mine.is_array() && value.is_array()) {
    const std::unordered_set<std::string> known = texts_of(mine);
    for (const Json& name : value)
      if (!known.contains(text_of(name))) mine.push_back(name);
    return {};
  }
  if (key == "enum" && mine.is_array() && value.is_array()) {
    const std::unordered_set<std::string> others = texts_of(value);
    Json common = Json::array();
    for (const Json& one : mine)
      if (others.contains(text_of(one))) common.push_back(one);
    mine = std::move(common);
    return {};
  }
  const bool numbers = mine.is_number() && value.is_number();
  if (numbers && is_one_of(kLowerEnds, key)) {
    if (value > mine) mine = value;
    return {};
  }
  if (numbers && is_one_of(kUpperEnds, key)) {
    if (value < mine) mine = value;
    return {};
  }
  if (key == "items" || key == "additionalProperties" || key == "propertyNames") {
    mine = both(mine, value);
    return {};
  }
  if (key == "uniqueItems" && mine.is_boolean() && value.is_boolean()) {
    mine = true;  // one of them is
    return {};
  }
  if (key == "not") {  // both are plain
    mine = saying("anyOf", joined_parts(mine, value));
    return {};
  }
  if (key == "pattern" && mine.is_string() && value.is_string()) {
    Json part = {{"type", "string"}, {"not", saying("pattern", value)}};
    return add_keyword(into, "not", saying("anyOf", Json::array({std::move(part)})), at);
  }
  if (key == "multipleOf") {
    if (const std::optional<int64_t> common = common_multiple(mine, value)) {
      mine = *common;
      return {};
    }
  }
  if (key == "patternProperties" && mine.is_object() && value.is_object()) {
    for (const auto& [pattern, schema] : value.items())
      mine[pattern] = mine.contains(pattern) ? both(mine[pattern], schema) : schema;
    return {};
  }
  if (key == "anyOf" && mine.is_array() && value.is_array()) {
    Json pairs = Json::array();
    for (const Json& one : mine)
      for (const Json& other : value) {
        pairs.push_back(both(one, other));
        MALMOI_TRY(spend(pairs.back(), at));
      }
    mine = std::move(pairs);
    return {};
  }
  return unsupported("two schemas that must both hold say different things of '" + key + "'", place(at),
                     "write one of them");
}

}  // namespace malmoi::grammar
