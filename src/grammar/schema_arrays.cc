// Arrays of schemas.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "grammar/limits.h"
#include "grammar/schema_builder.h"

namespace malmoi::grammar {
namespace {

// How many sets of up to `most` of some things there are; more than are ever made are all the same.
int64_t sets_up_to(int64_t things, int64_t most) {
  int64_t sum = 0, of_size = 1;
  for (int64_t size = 0; size <= most && of_size > 0 && sum <= kMaxCountedWays; ++size) {
    sum += of_size;
    of_size = of_size * (things - size) / (size + 1);
  }
  return sum;
}

}  // namespace

Result<ExprId> SchemaBuilder::array(const Json& schema, const std::string& at) {
  MALMOI_ASSIGN(const Counts count, counts(schema, "minItems", "maxItems", at));
  MALMOI_TRY(check_unwanted(schema, Json::value_t::array, at));
  auto prefix = schema.find("prefixItems"), items = schema.find("items");
  const char *prefix_key = "/prefixItems", *rest_key = "/items";
  if (prefix == schema.end() && items != schema.end() && items->is_array()) {  // as before 2020
    prefix = items;
    items = schema.find("additionalItems");
    prefix_key = "/items";
    rest_key = "/additionalItems";
  }
  const bool tuples = prefix != schema.end();
  if (tuples && !prefix->is_array())
    return invalid_data("prefixItems is a list of schemas", place(at + "/prefixItems"));
  const Json item = items == schema.end() ? Json(true) : *items;
  const bool more = items != schema.end() && item != Json(false);
  MALMOI_ASSIGN(const bool unique, must_be_unique(schema, tuples ? &*prefix : nullptr, more, count, at));
  MALMOI_ASSIGN(const Counts found, counts_of_matches(schema, at));
  const bool counted = found.min > 0 || found.max != kUnbounded;
  if (counted && (tuples || unique))
    return unsupported(
        std::string("'contains' beside '") + (tuples ? "prefixItems" : "uniqueItems") + "' cannot be kept to",
        place(at + "/contains"), "leave one of them out");
  if (unique) return unique_items(item, count, at);
  if (counted) return items_with(item, schema["contains"], count, found, at);
  std::optional<ExprId> rest;
  if (more) {
    MALMOI_ASSIGN(rest, this->schema(item, at + rest_key));
  }
  if (tuples) {
    const bool too_few = items == schema.end() && count.min > static_cast<int32_t>(prefix->size());
    if (too_few) rest = json_.value();
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

// How many items `contains` must and may find.
Result<SchemaBuilder::Counts> SchemaBuilder::counts_of_matches(const Json& schema, const std::string& at) const {
  if (!schema.contains("contains")) return Counts{};
  Json all = schema;
  if (!all.contains("minContains")) all["minContains"] = 1;
  return counts(all, "minContains", "maxContains", at);
}

// Whether something must be done for 'uniqueItems': not where there are no two items, or such that differ by their schemas.
Result<bool> SchemaBuilder::must_be_unique(const Json& schema, const Json* prefix, bool more, const Counts& count,
                                           const std::string& at) {
  constexpr size_t kMostCompared = 50;
  auto unique = schema.find("uniqueItems");
  if (unique == schema.end()) return false;
  const std::string here = place(at + "/uniqueItems");
  if (!unique->is_boolean()) return invalid_data("uniqueItems is true or false", here);
  const bool single = count.max == 0 || count.max == 1;
  if (!unique->get<bool>() || single) return false;
  if (!prefix) return true;
  const auto size = static_cast<int32_t>(std::min<size_t>(prefix->size(), kMostCompared + 1));
  const bool ends = (count.max != kUnbounded && count.max <= size) || (!more && count.min <= size);
  bool differ = ends && prefix->size() <= kMostCompared;
  for (size_t i = 0; i < prefix->size() && differ; ++i)
    for (size_t j = 0; j < i && differ; ++j) {
      MALMOI_ASSIGN(differ, merger_.are_disjoint((*prefix)[j], (*prefix)[i], "#" + at));
    }
  if (!differ)
    return unsupported("'uniqueItems' beside items with schemas of their own that may be the same cannot be kept to",
                       here, "leave it out, and check the answer for it");
  return false;
}

// Each of the values of the items once, in any order: a rule for each set of those that have come.
Result<ExprId> SchemaBuilder::unique_items(const Json& item, const Counts& count, const std::string& at) {
  const std::string here = place(at + "/uniqueItems");
  MALMOI_ASSIGN(const std::optional<Json> values, finite_values(item, at + "/items", 0));
  if (!values)
    return unsupported("'uniqueItems' of items that are not listed cannot be kept to", here,
                       "list the values of the items by enum, or leave it out, and check the answer for it");
  const auto all = static_cast<int32_t>(values->size());
  if (count.min > all)
    return invalid_data("'uniqueItems' of " + std::to_string(all) + " values, and 'minItems' asks for more", place(at));
  const int32_t most = count.max == kUnbounded ? all : std::min(all, count.max);
  if (sets_up_to(all, most - 1) * all > kMaxCountedWays)
    return unsupported(
        "'uniqueItems' of " + std::to_string(all) + " values makes too many sets of those that have come", here,
        "list up to 12 values, or bound them by maxItems");
  std::vector<ExprId> texts;
  for (const Json& value : *values) texts.push_back(json_.exactly(value));
  std::map<std::vector<bool>, RuleId> rules;  // by which values have come
  std::vector<std::vector<bool>> open;
  auto rule_for = [&](const std::vector<bool>& taken) {
    const auto [found, is_new] = rules.try_emplace(taken, -1);
    if (is_new) {
      found->second = grammar_.add_rule("items", here);
      open.push_back(taken);
    }
    return grammar_.call(found->second);
  };
  const ExprId end = grammar_.sequence({json_.space(), grammar_.literal("]")});
  const ExprId start = rule_for(std::vector<bool>(values->size()));
  while (!open.empty()) {
    std::vector<bool> taken = std::move(open.back());
    open.pop_back();
    const auto size = static_cast<int32_t>(std::count(taken.begin(), taken.end(), true));
    const RuleId rule = rules[taken];
    std::vector<ExprId> ways, items;
    for (size_t i = 0; i < taken.size() && size < most; ++i) {
      if (taken[i]) continue;
      taken[i] = true;
      items.push_back(grammar_.sequence({texts[i], size + 1 == most ? end : rule_for(taken)}));
      taken[i] = false;
    }
    if (size >= count.min) ways.push_back(size == 0 ? grammar_.literal("]") : end);
    if (!items.empty())
      ways.push_back(size == 0 ? grammar_.choice(std::move(items)) : comma_then(grammar_.choice(std::move(items))));
    grammar_.define(rule, grammar_.choice(std::move(ways)));
  }
  return as_rule("array", at, grammar_.sequence({grammar_.literal("["), json_.space(), start}));
}

// Some of the items are of a schema: a rule for how many there are, and how many of them are.
Result<ExprId> SchemaBuilder::items_with(const Json& item, const Json& wanted, const Counts& count, const Counts& found,
                                         const std::string& at) {
  const std::string here = at + "/contains";
  MALMOI_ASSIGN(Json one, merger_.merge(item, wanted, "#" + here));
  const ExprId match = rule_of(std::move(one), here);
  ExprId other;
  if (found.max == kUnbounded) {  // it may be one
    MALMOI_ASSIGN(other, schema(item, at + "/items"));
    other = as_rule("item", here, other);
  } else {
    MALMOI_ASSIGN(Json rest, merger_.merge(item, saying("not", wanted), "#" + here));
    other = rule_of(std::move(rest), here);
  }
  // Without an upper end, what is above the lower one is all the same.
  const int32_t most = count.max == kUnbounded ? count.min : count.max;
  const int32_t most_found = found.max == kUnbounded ? found.min : found.max;
  if ((int64_t{most} + 2) * (int64_t{most_found} + 1) > kMaxCountedWays)
    return unsupported("'contains' with so large numbers of items cannot be kept to", place(here), "lower them");
  std::map<std::pair<int32_t, int32_t>, RuleId> rules;
  std::vector<std::pair<int32_t, int32_t>> open;
  const int32_t many = std::max(most, 1);  // whether there was an item is known
  auto rule_for = [&](int32_t items, int32_t matches) {
    if (count.max == kUnbounded) items = std::min(items, many);
    if (found.max == kUnbounded) matches = std::min(matches, most_found);
    const auto [known, is_new] = rules.try_emplace({items, matches}, -1);
    if (is_new) {
      known->second = grammar_.add_rule("items", place(here));
      open.emplace_back(items, matches);
    }
    return grammar_.call(known->second);
  };
  const ExprId end = grammar_.sequence({json_.space(), grammar_.literal("]")});
  const ExprId start = rule_for(0, 0);
  while (!open.empty()) {
    const auto [items, matches] = open.back();
    open.pop_back();
    const RuleId rule = rules[{items, matches}];
    std::vector<ExprId> ways, next;
    if (items >= count.min && matches >= found.min) ways.push_back(items == 0 ? grammar_.literal("]") : end);
    if (count.max == kUnbounded || items < count.max) {
      if (matches < most_found) next.push_back(grammar_.sequence({match, rule_for(items + 1, matches + 1)}));
      // Where enough have come and any number may, all are others.
      next.push_back(grammar_.sequence({other, rule_for(items + 1, matches)}));
      const ExprId item_text = grammar_.choice(std::move(next));
      ways.push_back(items == 0 ? item_text : comma_then(item_text));
    }
    grammar_.define(rule, grammar_.choice(std::move(ways)));
  }
  return as_rule("array", at, grammar_.sequence({grammar_.literal("["), json_.space(), start}));
}

}  // namespace malmoi::grammar
