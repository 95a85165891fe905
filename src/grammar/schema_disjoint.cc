// Whether two schemas can both hold: what `oneOf` asks of its branches.
#include <algorithm>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/json_read.h"
#include "grammar/schema_merge.h"
#include "grammar/schema_values.h"

namespace malmoi::grammar {
namespace {

// The types of the values that are written for a schema or, with `all_allowed`, of all that it allows: without a `type`, its
// keywords say nothing of values of other types than theirs.
std::vector<std::string> types_for(const Json& schema, const std::optional<Json>& listed, bool all_allowed) {
  std::vector<std::string> types;
  if (listed) {
    for (const Json& value : *listed) types.push_back(value.type_name());
  } else {
    // Branches of choices are of any type.
    const bool any = all_allowed || schema.contains("anyOf") || schema.contains("oneOf");
    types = any && !schema.contains("type") ? types_of(Json::object()) : types_of(schema);
  }
  if (is_nullable(schema)) types.push_back("null");
  for (std::string& type : types)
    if (type == "integer") type = "number";
  return types;
}

// The listed values, and null where it is allowed beside them.
std::optional<Json> all_listed(const Json& schema) {
  std::optional<Json> values = listed_values(schema);
  if (values && is_nullable(schema)) values->push_back(nullptr);
  return values;
}

// Whether there are listed values, and none of them is of the other schema.
bool none_is_of(const std::optional<Json>& values, const Json& other) {
  if (!values) return false;
  const ValueCheck check(other);
  return std::all_of(values->begin(), values->end(), [&](const Json& value) { return check.is_certainly_not(value); });
}

enum class Meeting { kNowhere, kInObjects, kAnywhere };

// Of which types a value may be that is written for a schema of some types and allowed by another one.
Meeting meeting_of(const std::vector<std::string>& written, const std::vector<std::string>& allowed) {
  Meeting found = Meeting::kNowhere;
  for (const std::string& type : written) {
    if (std::ranges::find(allowed, type) == allowed.end()) continue;
    if (type != "object") return Meeting::kAnywhere;
    found = Meeting::kInObjects;
  }
  return found;
}

}  // namespace

Result<bool> SchemaMerger::are_disjoint(const Json& a, const Json& b, const std::string& at) {
  return are_disjoint_at(a, b, at, 0);
}

Result<const Json*> SchemaMerger::expanded(const Json& schema, Json& made, const std::string& at) {
  if (!schema.is_object()) return &schema;
  if (!schema.contains("$ref") && !schema.contains("allOf") && !has_conditions(schema)) return &schema;
  MALMOI_ASSIGN(made, expand(schema, at));
  return &made;
}

// Of a choice every branch must be, with what is said beside it: by that, values of other types may be written.
Result<bool> SchemaMerger::all_branches_are_disjoint(const Json& a, const Json& b, const std::string& at, int depth) {
  for (const Json* one : {&a, &b}) {
    const Json& other = one == &a ? b : a;
    const Json& branches = json_list(*one, "anyOf");
    bool all = !branches.empty() && !is_nullable(*one);
    const Json rest = all ? without(*one, "anyOf") : Json::object();
    const bool alone = says_nothing(rest);
    for (size_t i = 0; i < branches.size() && all; ++i) {
      Json made;
      if (!alone) {
        MALMOI_ASSIGN(made, merge(rest, branches[i], at));
      }
      MALMOI_ASSIGN(all, are_disjoint_at(alone ? branches[i] : made, other, at, depth + 1));
    }
    if (all) return true;
  }
  return false;
}

Result<bool> SchemaMerger::are_disjoint_at(const Json& a, const Json& b, const std::string& at, int depth) {
  constexpr int kDeepestDifference = 4;  // objects within objects that are looked into for what tells them apart
  if (depth > kDeepestDifference) return false;
  MALMOI_TRY(spend(Json(), at));
  Json first_made, second_made;
  MALMOI_ASSIGN(const Json* first_whole, expanded(a, first_made, at));
  MALMOI_ASSIGN(const Json* second_whole, expanded(b, second_made, at));
  const Json &first = *first_whole, &second = *second_whole;
  if (!first.is_object() || !second.is_object()) return first == Json(false) || second == Json(false);
  const std::optional<Json> values = all_listed(first), others = all_listed(second);
  if (values && others) {
    MALMOI_TRY(spend(*values, at));
    MALMOI_TRY(spend(*others, at));
    const std::unordered_set<std::string> known = texts_of(*values);
    return std::none_of(others->begin(), others->end(),
                        [&](const Json& value) { return known.contains(text_of(value)); });
  }
  const Meeting most = std::max(meeting_of(types_for(first, values, false), types_for(second, others, true)),
                                meeting_of(types_for(second, others, false), types_for(first, values, true)));
  if (most == Meeting::kNowhere) return true;
  if (values || others) MALMOI_TRY(spend(values ? *values : *others, at));
  MALMOI_ASSIGN(const bool apart, all_branches_are_disjoint(first, second, at, depth));
  if (apart || none_is_of(values, second) || none_is_of(others, first)) return true;
  if (most != Meeting::kInObjects) return false;
  auto properties = first.find("properties"), other_properties = second.find("properties");
  if (properties == first.end() || other_properties == second.end()) return false;
  if (!properties->is_object() || !other_properties->is_object()) return false;
  // Patterns may say more of a property, also of values of other types; only listed ones stay what they are.
  const bool patterns = first.contains("patternProperties") || second.contains("patternProperties");
  const std::unordered_set<std::string> required = texts_of(json_list(second, "required"));
  for (const Json& name : json_list(first, "required")) {
    if (!name.is_string() || !required.contains(text_of(name))) continue;
    auto one = properties->find(name.get<std::string>()), other = other_properties->find(name.get<std::string>());
    if (one == properties->end() || other == other_properties->end()) continue;
    if (patterns && (!listed_values(*one) || !listed_values(*other))) continue;
    MALMOI_ASSIGN(const bool differ, are_disjoint_at(*one, *other, at, depth + 1));
    if (differ) return true;
  }
  return false;
}

}  // namespace malmoi::grammar
