#include "grammar/schema_merge.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/shown.h"
#include "grammar/schema_reference.h"
#include "grammar/schema_values.h"

namespace malmoi::grammar {
namespace {

constexpr int kMaxMergeDepth = 64;             // references and allOf within each other
constexpr int64_t kMaxMergedValues = 500'000;  // JSON values that are made or compared: what grows for ever stops there

// What a value weighs: long texts as much as many values.
int64_t weight_of(const Json& value) {
  constexpr size_t kTextOfOne = 16;
  if (value.is_string()) return 1 + static_cast<int64_t>(value.get_ref<const std::string&>().size() / kTextOfOne);
  int64_t weight = 1;
  if (!value.is_structured()) return weight;
  for (const auto& item : value.items()) {
    weight += weight_of(item.value());
    if (value.is_object()) weight += static_cast<int64_t>(item.key().size() / kTextOfOne);
  }
  return weight;
}

// What is said of `contains` is said whole: without it nothing, with it how often it must hold.
void settle_contains(Json& schema) {
  if (!schema.is_object()) return;
  if (!schema.contains("contains")) {
    schema.erase("minContains");
    schema.erase("maxContains");
  } else if (!schema.contains("minContains")) {
    schema["minContains"] = 1;
  }
}

}  // namespace

Result<const Json*> SchemaMerger::resolve(const std::string& reference, const std::string& at) const {
  const std::string shown = "'" + show_controls(reference) + "'";
  if (!reference.starts_with("#"))
    return unsupported("a reference to another document, " + shown, place(at), "put it into this schema, under $defs");
  if (reference.size() > 1 && reference[1] != '/')
    return unsupported("a reference by an anchor, " + shown, place(at), "refer to it by its path, as #/$defs/NAME");
  const Json* found = find_reference(root_, reference);
  if (!found) return invalid_data("a reference to what is not there, " + shown, place(at), "define it under $defs");
  return found;
}

Status SchemaMerger::spend(const Json& made, const std::string& at) {
  spent_ += weight_of(made);
  if (spent_ <= kMaxMergedValues) return {};
  return unsupported("choices, conditions, patterns and references that make too much of each other", place(at),
                     "write them out");
}

Result<Json> SchemaMerger::expand(const Json& schema, const std::string& at) { return expand_at(schema, at, 0); }
Result<Json> SchemaMerger::merge(const Json& a, const Json& b, const std::string& at) { return merge_at(a, b, at, 0); }

Result<Json> SchemaMerger::expand_at(const Json& schema, const std::string& at, int depth) {
  const Within within(within_);
  if (depth > kMaxMergeDepth || within_ > kMostWithin)
    return unsupported("references and allOf within each other without end", place(at), "break the circle");
  if (schema.is_boolean()) return schema;
  if (!schema.is_object()) return invalid_data("a schema is an object, true or false", place(at));
  if (auto nullable = schema.find("nullable"); nullable != schema.end() && !nullable->is_boolean())
    return invalid_data("nullable is true or false", place(at + "/nullable"));
  Json out = without(schema, "");
  MALMOI_TRY(spend(out, at));
  std::vector<Condition> conditions;
  MALMOI_TRY(take_conditions(out, conditions, at));
  if (auto reference = schema.find("$ref"); reference != schema.end()) {
    if (!reference->is_string()) return invalid_data("$ref is a string", place(at));
    MALMOI_ASSIGN(const Json* target, resolve(reference->get<std::string>(), at));
    MALMOI_ASSIGN(out, merge_at(*target, without(out, "$ref"), at, depth + 1));
  } else if (auto all = schema.find("allOf"); all != schema.end()) {
    if (!all->is_array()) return invalid_data("allOf is a list of schemas", place(at));
    out = without(out, "allOf");
    for (const Json& part : *all) {
      Json plain = part.is_object() ? without(part, "") : part;
      if (plain.is_object()) MALMOI_TRY(take_conditions(plain, conditions, at));
      MALMOI_ASSIGN(out, merge_at(out, plain, at, depth + 1));
    }
  }
  settle_contains(out);
  return apply(out, conditions, at, depth);
}

Result<Json> SchemaMerger::merge_at(const Json& a, const Json& b, const std::string& at, int depth) {
  // Conditions come last, so that those that contradict the rest are seen to.
  std::vector<Condition> conditions;
  Json plain_a, plain_b;
  const Json *one = &a, *other = &b;
  for (auto [side, plain] : {std::pair(&one, &plain_a), std::pair(&other, &plain_b)}) {
    if (!(*side)->is_object() || !has_conditions(**side)) continue;
    *plain = without(**side, "");
    MALMOI_TRY(take_conditions(*plain, conditions, at));
    *side = plain;
  }
  MALMOI_ASSIGN(Json made, merge_plain(*one, *other, at, depth));
  return apply(made, conditions, at, depth);
}

Result<Json> SchemaMerger::merge_plain(const Json& a, const Json& b, const std::string& at, int depth) {
  MALMOI_ASSIGN(Json first, expand_at(a, at, depth + 1));
  MALMOI_ASSIGN(const Json second, expand_at(b, at, depth + 1));
  if (first == Json(false) || second == Json(false)) return Json(false);
  // What says nothing leaves the other as it is, `nullable` and all.
  if (says_nothing(first)) return second;
  if (says_nothing(second)) return first;
  const bool nullable = is_nullable(first) && is_nullable(second);
  first.erase("nullable");
  MALMOI_TRY(check_reach(first, second, at));
  MALMOI_TRY(check_reach(second, first, at));
  MALMOI_TRY(add_properties(first, second, at));
  for (const auto& [key, value] : second.items())
    if (key != "properties" && key != "nullable") MALMOI_TRY(add_keyword(first, key, value, at));
  if (nullable) first["nullable"] = true;
  settle_values(first);
  MALMOI_TRY(spend(first, at));
  return first;
}

// Some keywords speak of what others beside them do not name: in one schema they would reach less far, or further.
Status SchemaMerger::check_reach(const Json& schema, const Json& other, const std::string& at) const {
  auto refuse = [&](const char* one, const char* beside) {
    return unsupported(std::string("'") + one + "' and '" + beside + "' of two schemas that must both hold", place(at),
                       "write one schema that says both");
  };
  const bool is_tuple = schema.contains("prefixItems") && !other.contains("prefixItems");
  if (is_tuple && (other.contains("items") || other.contains("additionalItems"))) return refuse("prefixItems", "items");
  auto additional = other.find("additionalProperties");
  const bool closed = additional != other.end() && *additional != Json(true);
  if (schema.contains("patternProperties") && closed &&
      (!other.contains("patternProperties") || schema["patternProperties"] != other["patternProperties"]))
    return refuse("patternProperties", "additionalProperties");
  return {};
}

// What one says of keys that only the other one names: its `additionalProperties`.
Status SchemaMerger::add_properties(Json& into, const Json& from, const std::string& at) const {
  const Json none = Json::object();
  auto properties_of = [&](const Json& schema) -> const Json& {
    auto found = schema.find("properties");
    return found != schema.end() && found->is_object() ? *found : none;
  };
  const Json first = properties_of(into);
  const Json& second = properties_of(from);
  if (first.empty() && second.empty()) return {};
  Json all = Json::object();
  auto add = [&](const std::string& key, const Json& schema, const Json& other, const Json& other_schema) -> Status {
    auto there = other.find(key);
    if (there != other.end()) {
      all[key] = both(schema, *there);
      return {};
    }
    auto additional = other_schema.find("additionalProperties");
    if (additional == other_schema.end() || *additional == Json(true) || schema == Json(false)) all[key] = schema;
    else if (*additional == Json(false))
      return unsupported(
          "the property '" + show_controls(key) + "' is forbidden by the additionalProperties of a schema beside it",
          place(at), "put all properties into one schema");
    else all[key] = both(schema, *additional);
    return {};
  };
  for (const auto& [key, schema] : first.items()) MALMOI_TRY(add(key, schema, second, from));
  for (const auto& [key, schema] : second.items())
    if (!first.contains(key)) MALMOI_TRY(add(key, schema, first, into));
  into["properties"] = std::move(all);
  return {};
}

}  // namespace malmoi::grammar
