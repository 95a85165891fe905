// What a schema says of lists and objects.
#include "base/json_read.h"
#include "grammar/schema_keywords.h"
#include "reward/schema_check_run.h"

namespace malmoi::reward {
namespace {

bool is_within(const Json& value, const Json& schema, std::string_view least, std::string_view most) {
  const auto size = static_cast<int64_t>(value.size());
  return size >= limit_of(schema, least, 0) && size <= limit_of(schema, most, INT64_MAX);
}

const Json* schema_under(const Json& schema, std::string_view keyword) {
  auto found = schema.find(keyword);
  return found == schema.end() ? nullptr : &*found;
}

}  // namespace

bool SchemaCheckRun::check_list(const Json& schema, const Json& value, const std::string& place, int depth) {
  if (!is_within(value, schema, "minItems", "maxItems")) return fail(place, "has fewer or more items than it may");
  if (auto unique = schema.find("uniqueItems"); unique != schema.end() && *unique == true) {
    steps_ += static_cast<int64_t>(value.size());
    if (grammar::texts_of(value).size() != value.size()) return fail(place, "has an item twice");
  }
  return check_items(schema, value, place, depth) && check_contained(schema, value, place, depth);
}

// Items by their place, then the rest; lists under `items` are an older spelling of prefixItems.
bool SchemaCheckRun::check_items(const Json& schema, const Json& value, const std::string& place, int depth) {
  const bool old = json_list(schema, "items").size() > 0;
  const Json& first = json_list(schema, old ? "items" : "prefixItems");
  const Json* rest = schema_under(schema, old ? "additionalItems" : "items");
  for (size_t i = 0; i < value.size(); ++i) {
    const Json* of_item = i < first.size() ? &first[i] : rest && !rest->is_array() ? rest : nullptr;
    if (of_item && !check(*of_item, value[i], place + "/" + std::to_string(i), depth + 1)) return false;
  }
  return true;
}

bool SchemaCheckRun::check_contained(const Json& schema, const Json& value, const std::string& place, int depth) {
  const Json* contained = schema_under(schema, "contains");
  if (!contained) return true;
  int64_t count = 0;
  for (const Json& item : value) count += fits(*contained, item, place, depth + 1);
  return (count >= limit_of(schema, "minContains", 1) && count <= limit_of(schema, "maxContains", INT64_MAX)) ||
         fail(place, "has fewer or more items of `contains` than it may");
}

bool SchemaCheckRun::check_object(const Json& schema, const Json& value, const std::string& place, int depth) {
  if (!is_within(value, schema, "minProperties", "maxProperties"))
    return fail(place, "has fewer or more properties than it may");
  for (const Json& name : json_list(schema, "required"))
    if (name.is_string() && !value.contains(name.get_ref<const std::string&>()))
      return fail(place, "lacks " + dump_json(name));
  return check_properties(schema, value, place, depth) && check_dependent(schema, value, place, depth);
}

bool SchemaCheckRun::check_properties(const Json& schema, const Json& value, const std::string& place, int depth) {
  const Json& named = json_object(schema, "properties");
  const Json& by_pattern = json_object(schema, "patternProperties");
  const Json* names = schema_under(schema, "propertyNames");
  const Json* others = schema_under(schema, "additionalProperties");
  for (const auto& [name, property] : value.items()) {
    const std::string at = place + "/" + name;
    if (names && !check(*names, Json(name), at, depth + 1)) return false;
    bool known = false;
    if (auto found = named.find(name); found != named.end()) {
      known = true;
      if (!check(*found, property, at, depth + 1)) return false;
    }
    for (const auto& [pattern, of_pattern] : by_pattern.items()) {
      if (!has_pattern(pattern, name)) continue;
      known = true;
      if (!check(of_pattern, property, at, depth + 1)) return false;
    }
    if (!known && others && !check(*others, property, at, depth + 1)) return false;
  }
  return true;
}

bool SchemaCheckRun::check_dependent(const Json& schema, const Json& value, const std::string& place, int depth) {
  for (const char* keyword : {"dependentRequired", "dependentSchemas", "dependencies"}) {
    for (const auto& [name, what] : json_object(schema, keyword).items()) {
      if (!value.contains(name)) continue;
      if (!what.is_array()) {
        if (!check(what, value, place, depth + 1)) return false;
        continue;
      }
      for (const Json& needed : what)
        if (needed.is_string() && !value.contains(needed.get_ref<const std::string&>()))
          return fail(place, "has " + dump_json(Json(name)) + " without " + dump_json(needed));
    }
  }
  return true;
}

}  // namespace malmoi::reward
