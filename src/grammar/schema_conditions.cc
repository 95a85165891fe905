// What holds under conditions: `not`, `if`, and what depends on properties, as schemas of which one must hold.
#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/json_read.h"
#include "base/shown.h"
#include "grammar/schema_merge.h"
#include "grammar/schema_values.h"

namespace malmoi::grammar {
namespace {

constexpr size_t kMostWays = 1000;     // schemas that conditions make of one
constexpr int kDeepestImpossible = 2;  // required properties within each other that are looked into

// Whether a schema says which members an object has; what it refers to may.
bool names_members(const Json& schema) {
  if (!schema.is_object()) return false;
  for (const char* keyword :
       {"properties", "required", "additionalProperties", "patternProperties", "$ref", "allOf", "anyOf", "oneOf"})
    if (schema.contains(keyword)) return true;
  return false;
}

// Lets members have other names than those that it names.
void leave_open(Json& schema) {
  if (!schema.is_object()) return;
  if (auto branches = schema.find("anyOf"); branches != schema.end() && branches->is_array())
    for (Json& branch : *branches) leave_open(branch);
  const bool names_some = schema.contains("properties") || schema.contains("required");
  if (names_some && !schema.contains("additionalProperties")) schema["additionalProperties"] = true;
}

// A test as it is within a closed object: properties that this has not are not there.
Json within_closed(const Json& test, const Json& schema) {
  auto additional = schema.find("additionalProperties");
  const bool closed = additional != schema.end() && *additional == Json(false) && !schema.contains("patternProperties");
  if (!closed || !test.is_object() || !test.contains("properties") || !test["properties"].is_object()) return test;
  auto properties = schema.find("properties");
  Json out = test;
  for (const auto& [name, value] : test["properties"].items())
    if (properties == schema.end() || !properties->contains(name)) out["properties"][name] = false;
  return out;
}

bool are_names(const Json& list) {
  return list.is_array() && std::all_of(list.begin(), list.end(), [](const Json& name) { return name.is_string(); });
}

Json property(const std::string& name, Json schema) { return saying("properties", saying(name, std::move(schema))); }

}  // namespace

Status SchemaMerger::take_conditions(Json& schema, std::vector<Condition>& into, const std::string& at) {
  if (!has_conditions(schema)) return {};
  MALMOI_TRY(take_if(schema, into, at));
  for (const char* keyword : {"dependentRequired", "dependentSchemas", "dependencies"})
    MALMOI_TRY(take_dependents(schema, keyword, into, at));
  auto negated = schema.find("not");
  const bool is_condition = negated != schema.end() && !is_plain_not(*negated);
  if (is_condition) MALMOI_TRY(take_not(*negated, into, at + "/not", 0));
  for (const char* keyword : {"if", "then", "else", "dependentRequired", "dependentSchemas", "dependencies"})
    schema.erase(keyword);
  if (is_condition) schema.erase("not");
  return {};
}

// Of a choice no branch may hold: each is a condition of its own, so that few schemas are made of them all.
Status SchemaMerger::take_not(const Json& negated, std::vector<Condition>& into, const std::string& at, int depth) {
  constexpr int kDeepestChoices = 16;
  const bool is_choice = negated.is_object() && says_nothing(without(negated, "anyOf")) && negated.contains("anyOf") &&
                         negated["anyOf"].is_array() && !negated["anyOf"].empty();
  if (is_choice && depth < kDeepestChoices) {
    for (size_t i = 0; i < negated["anyOf"].size(); ++i)
      MALMOI_TRY(take_not(negated["anyOf"][i], into, at + "/anyOf/" + std::to_string(i), depth + 1));
    return {};
  }
  MALMOI_ASSIGN(std::vector<Json> ways, negations(negated, at));
  Condition condition;
  for (Json& way : ways) condition.push_back(Way{.test = std::move(way)});
  into.push_back(std::move(condition));
  return {};
}

Status SchemaMerger::take_if(const Json& schema, std::vector<Condition>& into, const std::string& at) {
  auto test = schema.find("if"), then = schema.find("then"), otherwise = schema.find("else");
  const bool says_something = test != schema.end() && (then != schema.end() || otherwise != schema.end());
  if (!says_something) return {};  // JSON Schema has it so
  Condition condition;
  condition.push_back(Way{.test = *test, .said = then == schema.end() ? Json(true) : *then});
  MALMOI_ASSIGN(std::vector<Json> ways, negations(*test, at + "/if"));
  for (Json& way : ways)
    condition.push_back(Way{.test = std::move(way), .said = otherwise == schema.end() ? Json(true) : *otherwise});
  into.push_back(std::move(condition));
  return {};
}

// Where the property is there, so are others, or a schema holds.
Status SchemaMerger::take_dependents(const Json& schema, const char* keyword, std::vector<Condition>& into,
                                     const std::string& at) {
  auto dependents = schema.find(keyword);
  if (dependents == schema.end()) return {};
  const std::string here = place(at + "/" + keyword);
  if (!dependents->is_object()) return invalid_data(std::string(keyword) + " is an object", here);
  const bool lists = keyword != std::string_view("dependentSchemas");
  const bool schemas = keyword != std::string_view("dependentRequired");
  for (const auto& [name, value] : dependents->items()) {
    const bool is_list = lists && are_names(value), is_schema = schemas && (value.is_object() || value.is_boolean());
    if (!is_list && !is_schema)
      return invalid_data("what depends on the property '" + show_controls(name) + "' is " +
                              (lists ? schemas ? "a list of names or a schema" : "a list of names" : "a schema"),
                          here);
    Json names = Json::array({name});
    if (is_list) names.insert(names.end(), value.begin(), value.end());
    Condition condition;
    condition.push_back(Way{.test = property(name, false)});
    condition.push_back(Way{.test = saying("required", std::move(names)), .said = is_list ? Json(true) : value});
    into.push_back(std::move(condition));
  }
  return {};
}

// The schema where a condition holds in one way.
Result<Json> SchemaMerger::in_way(const Json& schema, const Way& way, const Json& agreed, const std::string& at,
                                  int depth) {
  MALMOI_ASSIGN(Json made, merge_at(schema, within_closed(way.test, schema), at, depth + 1));
  if (made.is_object() && made.contains("properties"))
    for (const auto& [name, value] : agreed.items()) made["properties"][name] = value;
  if (way.said != Json(true)) {
    MALMOI_ASSIGN(made, merge_at(made, way.said, at, depth + 1));
  }
  // What a test names closes no object that is open without it.
  if (!names_members(schema) && !names_members(way.said)) leave_open(made);
  return made;
}

Result<Json> SchemaMerger::apply(const Json& schema, const std::vector<Condition>& conditions, const std::string& at,
                                 int depth) {
  if (conditions.empty()) return schema;
  std::vector<Json> made{schema};
  if (is_nullable(schema)) {
    made = {without(schema, "nullable")};
    if (!says_nothing(made[0])) made.push_back(saying("type", "null"));
  }
  for (const Condition& condition : conditions) {
    std::vector<Json> next;
    for (const Json& one : made) {
      for (const Way& way : condition) {
        Json agreed = Json::object();
        MALMOI_ASSIGN(const bool contradicted, contradicts(one, way.test, agreed, at, depth));
        if (contradicted) continue;
        MALMOI_ASSIGN(Json both, in_way(one, way, agreed, at, depth));
        MALMOI_ASSIGN(const bool impossible, is_impossible(both, way, at));
        if (impossible) continue;
        next.push_back(std::move(both));
        if (next.size() > kMostWays)
          return unsupported("'not', 'if' and what depends on properties make more than " + std::to_string(kMostWays) +
                                 " schemas of one",
                             place(at), "write anyOf of what may come");
      }
    }
    made = std::move(next);
  }
  if (made.empty()) return Json(false);
  if (made.size() == 1) return std::move(made[0]);
  return saying("anyOf", Json(std::move(made)));
}

// Whether it is certain, at a glance, that no value of a schema passes a test: so few whole schemas are made in vain.
// `agreed`: properties whose values they list together.
Result<bool> SchemaMerger::contradicts(const Json& schema, const Json& test, Json& agreed, const std::string& at,
                                       int depth) {
  if (have_no_type_in_common(schema, test)) return true;
  const Json &properties = json_object(schema, "properties"), &tested = json_object(test, "properties");
  if (tested.empty() || types_of(schema) != std::vector<std::string>{"object"} || is_nullable(schema)) return false;
  // Of a test that says more of its properties than is looked at here, their values are not settled.
  const bool plain = !test.contains("$ref") && !test.contains("allOf") && !has_conditions(test);
  std::unordered_set<std::string> required = texts_of(json_list(schema, "required"));
  required.merge(texts_of(json_list(test, "required")));
  for (const auto& [name, value] : tested.items()) {
    auto found = properties.find(name);
    if (found == properties.end() || !required.contains(text_of(name))) continue;
    MALMOI_ASSIGN(Json both_say, merge_at(*found, value, at, depth + 1));
    MALMOI_ASSIGN(const bool impossible, is_impossible(both_say, at));
    if (impossible) return true;
    if (plain && listed_values(both_say)) agreed[name] = std::move(both_say);
  }
  return false;
}

// Whether it is certain that no value is of a schema.
Result<bool> SchemaMerger::is_impossible(const Json& schema, const std::string& at) {
  if (looked_into_ >= kDeepestImpossible) return false;
  ++looked_into_;
  auto found = is_impossible_here(schema, at);
  --looked_into_;
  return found;
}

Result<bool> SchemaMerger::is_impossible_here(const Json& schema, const std::string& at) {
  MALMOI_TRY(spend(Json(), at));
  Json made;
  MALMOI_ASSIGN(const Json* whole, expanded(schema, made, at));
  if (*whole == Json(false) || allows_nothing(*whole)) return true;
  if (!whole->is_object() || is_nullable(*whole)) return false;
  if (auto branches = whole->find("anyOf"); branches != whole->end() && branches->is_array()) {
    for (const Json& branch : *branches) {
      MALMOI_ASSIGN(const bool impossible, is_impossible(branch, at));
      if (!impossible) return false;
    }
    return !branches->empty();
  }
  return misses_a_property(*whole, json_list(*whole, "required"), at);
}

// The schema of a condition that holds in one way: what can have become impossible is what was said.
Result<bool> SchemaMerger::is_impossible(const Json& schema, const Way& way, const std::string& at) {
  if (schema == Json(false) || allows_nothing(schema)) return true;
  Json names = json_list(way.test, "required");
  for (const Json* said : {&way.test, &way.said})
    for (const auto& item : json_object(*said, "properties").items()) names.push_back(item.key());
  for (const Json& name : json_list(way.said, "required")) names.push_back(name);
  const std::unordered_set<std::string> required = texts_of(json_list(schema, "required"));
  Json both = Json::array();
  for (const Json& name : names)
    if (required.contains(text_of(name))) both.push_back(name);
  return misses_a_property(schema, both, at);
}

// Whether an object cannot have one of these properties, which it must have.
Result<bool> SchemaMerger::misses_a_property(const Json& schema, const Json& required, const std::string& at) {
  if (!schema.is_object() || is_nullable(schema) || types_of(schema) != std::vector<std::string>{"object"})
    return false;
  const Json& properties = json_object(schema, "properties");
  auto additional = schema.find("additionalProperties");
  const bool closed = additional != schema.end() && *additional == Json(false) && !schema.contains("patternProperties");
  for (const Json& name : required) {
    if (!name.is_string()) continue;
    auto found = properties.find(name.get<std::string>());
    if (found == properties.end()) {
      if (closed) return true;
      continue;
    }
    MALMOI_ASSIGN(const bool impossible, is_impossible(*found, at));
    if (impossible) return true;
  }
  return false;
}

}  // namespace malmoi::grammar
