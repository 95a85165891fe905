// Objects of schemas.
#include <algorithm>
#include <bit>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json_read.h"
#include "grammar/limits.h"
#include "grammar/schema_builder.h"

namespace malmoi::grammar {
Result<ExprId> SchemaBuilder::object(const Json& schema, const std::string& at) {
  if (says_nothing(without(schema, "type"))) return json_.object();
  MALMOI_ASSIGN(const Counts count, counts(schema, "minProperties", "maxProperties", at));
  MALMOI_TRY(check_unwanted(schema, Json::value_t::object, at));
  MALMOI_ASSIGN(const std::optional<ExprId> additional, additional_value(schema, at));
  MALMOI_ASSIGN(const Keys keys, keys_of(schema, at));
  MALMOI_ASSIGN(const std::vector<Member> named, members(schema, keys, additional, at));
  MALMOI_ASSIGN(const std::optional<ExprId> other, other_members(schema, keys, additional, at));
  if (count.min > static_cast<int64_t>(named.size()) + 1 && other)
    return unsupported(
        "'minProperties' of more than one property with a free name cannot be kept to: one may come twice",
        place(at + "/minProperties"), "name the properties, and say by 'required' which there must be");
  if (named.empty() && other) return as_rule("object", at, json_.list("{", *other, count.min, count.max, "}"));
  const auto required = std::count_if(named.begin(), named.end(), [](const Member& member) { return member.required; });
  const bool within = count.max == kUnbounded || (!other && count.max >= static_cast<int64_t>(named.size()));
  if (count.min <= required && within) return as_rule("object", at, braces(named, other));
  return counted_braces(named, other, count, at);
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
Result<std::vector<SchemaBuilder::Member>> SchemaBuilder::members(const Json& schema, const Keys& keys,
                                                                  std::optional<ExprId> additional,
                                                                  const std::string& at) {
  const Json& properties = json_object(schema, "properties");
  const bool closed = schema.contains("additionalProperties") && schema["additionalProperties"] == Json(false);
  std::vector<Member> out;
  for (const auto& [name, patterns] : keys.named) {
    auto found = properties.find(name);
    const bool has_schema = found != properties.end();
    const bool required = keys.required.contains(name), forbidden = keys.forbidden.contains(name);
    const std::string here = at + "/properties" + pointer_step(name);
    ExprId value = grammar_.nothing();
    if (!forbidden && patterns != 0) {
      Json all = keys.schemas_of(patterns);
      if (has_schema) all.insert(all.begin(), *found);
      MALMOI_ASSIGN(value, all_of(std::move(all), here));
    } else if (!forbidden && has_schema) {
      MALMOI_ASSIGN(value, this->schema(*found, here));
    } else if (!forbidden && closed) {
      return unsupported("the required property " + dump_json(Json(name)) + " has no schema", place(at + "/required"),
                         "put it under properties");
    } else if (!forbidden) {
      value = additional ? *additional : json_.value();
    }
    const bool never = forbidden || (has_schema && *found == Json(false));
    if (never && !required) continue;
    out.push_back({json_.member(json_.exactly(Json(name)), value), required});
  }
  return out;
}

// What any other property may look like; none: there may be no others.
Result<std::optional<ExprId>> SchemaBuilder::other_members(const Json& object, const Keys& keys,
                                                           std::optional<ExprId> additional, const std::string& at) {
  std::vector<ExprId> ways;
  const std::string here = at + "/patternProperties";
  const size_t patterns = keys.patterns.size();
  for (uint32_t set = 1; set < uint32_t{1} << patterns; ++set) {
    MALMOI_ASSIGN(const ExprId key, other_key(object, keys, set, at));
    Json all = keys.schemas_of(set);
    ExprId value;
    if (all.size() == 1) {
      const Keys::Pattern& only = keys.patterns[static_cast<size_t>(std::countr_zero(set))];
      MALMOI_ASSIGN(value, schema(*only.schema, here + pointer_step(only.text)));
    } else {
      MALMOI_ASSIGN(value, all_of(std::move(all), here));
    }
    ways.push_back(json_.member(key, value));
  }
  const bool names_some = !keys.named.empty() || object.contains("properties") || patterns > 0;
  const bool closed = additional ? object["additionalProperties"] == Json(false) : names_some;
  if (!closed) {
    MALMOI_ASSIGN(const ExprId key, other_key(object, keys, 0, at));
    ways.push_back(json_.member(key, additional ? *additional : json_.value()));
  }
  if (ways.empty()) return std::optional<ExprId>{};
  return std::optional<ExprId>(ways.size() == 1 ? ways[0] : as_rule("member", at, grammar_.choice(std::move(ways))));
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

// The same where it is counted how many there are: from each member on a rule for each number of those before it.
Result<ExprId> SchemaBuilder::counted_braces(const std::vector<Member>& members, std::optional<ExprId> other,
                                             const Counts& count, const std::string& at) {
  // Without an upper end, what is above the lower one is all the same.
  const int64_t many = count.max != kUnbounded ? count.max : std::max(count.min, 1);
  const auto most = static_cast<int32_t>(std::min<int64_t>(many, static_cast<int64_t>(members.size())));
  if (static_cast<int64_t>(members.size() + 1) * (most + 1) > kMaxCountedWays)
    return unsupported("'minProperties' and 'maxProperties' beside so many properties cannot be kept to", place(at),
                       "say by 'required' which there must be");
  const ExprId end = grammar_.sequence({json_.space(), grammar_.literal("}")});
  std::vector<ExprId> after(static_cast<size_t>(most) + 1);  // by the number of those before
  for (size_t i = members.size() + 1; i-- > 0;) {
    std::vector<ExprId> before;
    for (int32_t number = 0; number <= most; ++number) {
      std::vector<ExprId> ways;
      auto add = [&](ExprId item, ExprId then) {
        ways.push_back(grammar_.sequence({number == 0 ? item : comma_then(item), then}));
      };
      const bool room = count.max == kUnbounded || number < count.max;
      if (i < members.size()) {
        if (room) add(members[i].text, after[static_cast<size_t>(std::min(number + 1, most))]);
        if (!members[i].required) ways.push_back(after[static_cast<size_t>(number)]);
      } else {
        if (number >= count.min) ways.push_back(number == 0 ? grammar_.literal("}") : end);
        // Others may come twice: they are one property for 'minProperties', and each is one for 'maxProperties'.
        const int32_t more = count.max == kUnbounded ? kUnbounded : count.max - number - 1;
        if (other && room && number + 1 >= count.min)
          add(*other, grammar_.sequence({grammar_.repeat(comma_then(*other), 0, more), end}));
      }
      before.push_back(as_rule("members", at, grammar_.choice(std::move(ways))));
    }
    after = std::move(before);
  }
  return as_rule("object", at, grammar_.sequence({grammar_.literal("{"), json_.space(), after[0]}));
}

}  // namespace malmoi::grammar
