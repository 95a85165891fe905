// Arrays and objects of schemas.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/shown.h"
#include "grammar/automaton.h"
#include "grammar/reading.h"
#include "grammar/schema_builder.h"

namespace malmoi::grammar {
namespace {

// A key as a step of a JSON pointer; a long one is cut, for every place below it is spelled with it.
std::string step(const std::string& key) {
  constexpr size_t kLongest = 60;
  std::string out = "/";
  for (char c : key.substr(0, kLongest)) {
    if (c == '~') out += "~0";
    else if (c == '/') out += "~1";
    else out += c;
  }
  return show_controls(out);
}

}  // namespace

Result<ExprId> SchemaBuilder::array(const Json& schema, const std::string& at) {
  MALMOI_ASSIGN(const Counts count, counts(schema, "minItems", "maxItems", at));
  if (auto unique = schema.find("uniqueItems"); unique != schema.end() && *unique != Json(false))
    return unsupported("'uniqueItems' cannot be kept to", place(at + "/uniqueItems"),
                       "leave it out, and check the answer for it");
  auto prefix = schema.find("prefixItems"), items = schema.find("items");
  const char *prefix_key = "/prefixItems", *rest_key = "/items";
  if (prefix == schema.end() && items != schema.end() && items->is_array()) {  // as before 2020
    prefix = items;
    items = schema.find("additionalItems");
    prefix_key = "/items";
    rest_key = "/additionalItems";
  }
  std::optional<ExprId> rest;
  if (items != schema.end() && *items != Json(false)) {
    MALMOI_ASSIGN(rest, this->schema(*items, at + rest_key));
  }
  if (prefix != schema.end()) {
    if (!prefix->is_array()) return invalid_data("prefixItems is a list of schemas", place(at + "/prefixItems"));
    const bool more = items == schema.end() && count.min > static_cast<int32_t>(prefix->size());
    if (more) rest = json_.value();
    return tuple(*prefix, rest, count, at, at + prefix_key);
  }
  if (items == schema.end()) {
    if (count.min == 0 && count.max == kUnbounded) return json_.array();
    rest = json_.value();
  }
  if (!rest && count.min > 0) return invalid_data("'items' allows none, 'minItems' asks for some", place(at));
  return as_rule("array", at, json_.list("[", rest.value_or(grammar_.nothing()), count.min, rest ? count.max : 0, "]"));
}

// Items with a schema each, then others: a rule from each item on, the last one first.
Result<ExprId> SchemaBuilder::tuple(const Json& prefix, std::optional<ExprId> rest, const Counts& count,
                                    const std::string& at, const std::string& prefix_at) {
  auto size = static_cast<int32_t>(prefix.size());
  if (!rest && count.min > size)
    return invalid_data("there are fewer items than 'minItems' asks for", place(at), "lower it, or allow more items");
  if (count.max != kUnbounded) size = std::min(size, count.max);
  const int32_t most_rest = count.max == kUnbounded ? kUnbounded : count.max - size;
  ExprId after = rest ? grammar_.repeat(comma_then(*rest), std::max(count.min - size, 0), most_rest) : grammar_.empty();
  ExprId items = grammar_.empty();
  if (size == 0 && rest && most_rest != 0) {
    const int32_t min = std::max(count.min, 1);
    items = grammar_.sequence(
        {*rest, grammar_.repeat(comma_then(*rest), min - 1, most_rest == kUnbounded ? kUnbounded : most_rest - 1)});
    if (count.min == 0) items = grammar_.optional(items);
  }
  for (int32_t i = size; i-- > 0;) {
    MALMOI_ASSIGN(const ExprId item, schema(prefix[static_cast<size_t>(i)], prefix_at + "/" + std::to_string(i)));
    const ExprId from_here = grammar_.sequence({i == 0 ? item : comma_then(item), after});
    after = as_rule("items", at, i < count.min ? from_here : grammar_.optional(from_here));
    items = after;
  }
  return as_rule(
      "array", at,
      grammar_.sequence({grammar_.literal("["), json_.space(), items, json_.space(), grammar_.literal("]")}));
}

Result<ExprId> SchemaBuilder::object(const Json& schema, const std::string& at) {
  if (says_nothing(without(schema, "type"))) return json_.object();
  MALMOI_ASSIGN(const Counts count, counts(schema, "minProperties", "maxProperties", at));
  MALMOI_ASSIGN(const std::optional<ExprId> additional, additional_value(schema, at));
  MALMOI_ASSIGN(const std::vector<Member> named, members(schema, additional, at));
  MALMOI_ASSIGN(const std::optional<ExprId> other, other_members(schema, additional, at));
  if (named.empty() && other) {
    if (count.min > 1)
      return unsupported("'minProperties' above 1 cannot be kept to where names are free: one may come twice",
                         place(at + "/minProperties"),
                         "name the properties, and say by 'required' which there must be");
    return as_rule("object", at, json_.list("{", *other, count.min, count.max, "}"));
  }
  const auto required = std::count_if(named.begin(), named.end(), [](const Member& member) { return member.required; });
  if (count.min > required || (count.max != kUnbounded && (other || count.max < static_cast<int64_t>(named.size()))))
    return unsupported("'minProperties' and 'maxProperties' beside named properties cannot be kept to", place(at),
                       "say by 'required' which there must be");
  return as_rule("object", at, braces(named, other));
}

// What `additionalProperties` says of a value, if it is there: one rule, for all properties that have no schema.
Result<std::optional<ExprId>> SchemaBuilder::additional_value(const Json& schema, const std::string& at) {
  auto additional = schema.find("additionalProperties");
  if (additional == schema.end()) return std::optional<ExprId>{};
  const std::string here = at + "/additionalProperties";
  MALMOI_ASSIGN(const ExprId value, this->schema(*additional, here));
  return std::optional<ExprId>(additional->is_boolean() ? value : as_rule("additional", here, value));
}

// The named properties in their order; behind them those that are required without having a schema.
Result<std::vector<SchemaBuilder::Member>> SchemaBuilder::members(const Json& schema, std::optional<ExprId> additional,
                                                                  const std::string& at) {
  const Json none_named = Json::object(), none_required = Json::array();
  auto found = schema.find("properties"), list = schema.find("required");
  const Json& properties = found == schema.end() ? none_named : *found;
  const Json& required = list == schema.end() ? none_required : *list;
  if (!properties.is_object()) return invalid_data("properties is an object of schemas", place(at + "/properties"));
  const bool names_only = required.is_array() && std::all_of(required.begin(), required.end(),
                                                             [](const Json& name) { return name.is_string(); });
  if (!names_only) return invalid_data("required is a list of names", place(at + "/required"));
  std::unordered_map<std::string, bool> is_required;  // and whether it has been written
  for (const Json& name : required) is_required.emplace(name.get<std::string>(), false);
  std::vector<Member> out;
  for (const auto& [key, value] : properties.items()) {
    MALMOI_ASSIGN(const ExprId text, this->schema(value, at + "/properties" + step(key)));
    auto needed = is_required.find(key);
    if (needed != is_required.end()) needed->second = true;
    if (value == Json(false) && needed == is_required.end()) continue;
    out.push_back({json_.member(json_.exactly(key), text), needed != is_required.end()});
  }
  const bool forbidden = schema.contains("additionalProperties") && schema["additionalProperties"] == Json(false);
  for (const Json& name : required) {
    bool& written = is_required[name.get<std::string>()];
    if (written) continue;
    written = true;
    if (forbidden || schema.contains("patternProperties") || schema.contains("propertyNames"))
      return unsupported("the required property " + dump_json(name) + " has no schema", place(at + "/required"),
                         "put it under properties");
    out.push_back({json_.member(json_.exactly(name), additional ? *additional : json_.value()), true});
  }
  return out;
}

// What any other property may look like; none: there may be no others.
Result<std::optional<ExprId>> SchemaBuilder::other_members(const Json& schema, std::optional<ExprId> additional,
                                                           const std::string& at) {
  auto properties = schema.find("properties"), required = schema.find("required");
  auto key_names = schema.find("propertyNames");
  const bool names_some =
      (properties != schema.end() && !properties->empty()) || (required != schema.end() && !required->empty());
  if (key_names != schema.end() && (names_some || schema.contains("patternProperties")))
    return unsupported("'propertyNames' beside named properties cannot be kept to", place(at + "/propertyNames"),
                       "name all properties");
  if (schema.contains("patternProperties")) {
    MALMOI_ASSIGN(const ExprId member, pattern_member(schema, at));
    return std::optional<ExprId>(member);
  }
  const bool closed =
      additional ? schema["additionalProperties"] == Json(false) : names_some || properties != schema.end();
  if (closed) return std::optional<ExprId>{};
  ExprId key = json_.string();
  if (key_names != schema.end()) {
    MALMOI_ASSIGN(key, key_of_names(*key_names, at + "/propertyNames"));
  } else if (names_some) {
    std::vector<std::string> taken;
    if (properties != schema.end())
      for (const auto& item : properties->items()) taken.push_back(item.key());
    if (required != schema.end())
      for (const Json& name : *required) taken.push_back(name.get<std::string>());
    size_t bytes = 0;
    for (const std::string& name : taken) bytes += name.size();
    if (bytes > JsonRules::kMaxOtherNames)
      return unsupported(
          "'additionalProperties' beside names of more than " + std::to_string(JsonRules::kMaxOtherNames) + " bytes",
          place(at + "/additionalProperties"), "set it to false");
    key = json_.string_other_than(std::move(taken));
  }
  return std::optional<ExprId>(json_.member(key, additional ? *additional : json_.value()));
}

Result<ExprId> SchemaBuilder::key_of_names(const Json& names, const std::string& at) {
  MALMOI_ASSIGN(const Json made, merger_.merge(names, {{"type", "string"}}, "#" + at));
  return schema(made, at);
}

Result<ExprId> SchemaBuilder::pattern_member(const Json& schema, const std::string& at) {
  const std::string here = at + "/patternProperties";
  const Json& patterns = schema["patternProperties"];
  if (!patterns.is_object() || patterns.size() != 1)
    return unsupported("more than one pattern under 'patternProperties' cannot be kept to", place(here),
                       "join them by |");
  if (auto additional = schema.find("additionalProperties"); additional != schema.end() && *additional != Json(false))
    return unsupported("'additionalProperties' beside 'patternProperties' cannot be kept to", place(at),
                       "set it to false");
  const auto item = patterns.begin();
  const std::string& text = item.key();
  MALMOI_ASSIGN(const Regex regex, expression(text, here));
  // A named property that is of the pattern, too, would have to be of both schemas.
  MALMOI_ASSIGN(const Automaton automaton, Automaton::compile(regex.within_grammar(place(here))));
  if (auto properties = schema.find("properties"); properties != schema.end())
    for (const auto& property : properties->items())
      if (matches(automaton, property.key()))
        return unsupported("the property '" + show_controls(property.key()) + "' is of a pattern, too", place(here),
                           "change the pattern");
  MALMOI_ASSIGN(const ExprId value, this->schema(item.value(), here + step(text)));
  const ExprId key =
      grammar_.sequence({grammar_.literal("\""), regex.within(grammar_, JsonRules::spelled), grammar_.literal("\"")});
  return json_.member(as_rule("key", here, key), value);
}

// From each member on a rule for what may follow it, the last one first; any optional one may be the first.
ExprId SchemaBuilder::braces(const std::vector<Member>& members, std::optional<ExprId> other) {
  std::vector<ExprId> after(members.size() + 1);  // after[i]: the members from i on, behind others
  after.back() = other ? as_rule("members", "", grammar_.repeat(comma_then(*other), 0, kUnbounded)) : grammar_.empty();
  for (size_t i = members.size(); i-- > 1;) {
    const ExprId next = comma_then(members[i].text);
    after[i] =
        as_rule("members", "", grammar_.sequence({members[i].required ? next : grammar_.optional(next), after[i + 1]}));
  }
  std::vector<ExprId> beginnings;
  size_t i = 0;
  for (; i < members.size(); ++i) {
    beginnings.push_back(grammar_.sequence({members[i].text, after[i + 1]}));
    if (members[i].required) break;
  }
  const bool may_be_empty = i == members.size();
  if (may_be_empty && other) beginnings.push_back(grammar_.sequence({*other, after.back()}));
  const ExprId filled = grammar_.sequence({grammar_.choice(beginnings), json_.space()});
  if (beginnings.empty()) return grammar_.sequence({grammar_.literal("{"), json_.space(), grammar_.literal("}")});
  return grammar_.sequence(
      {grammar_.literal("{"), json_.space(), may_be_empty ? grammar_.optional(filled) : filled, grammar_.literal("}")});
}

}  // namespace malmoi::grammar
