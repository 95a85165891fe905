#include "grammar/schema_builder.h"

#include <algorithm>
#include <utility>

#include "base/json_read.h"
#include "base/shown.h"
#include "grammar/automaton.h"
#include "grammar/limits.h"
#include "grammar/reading.h"
#include "grammar/schema_values.h"

namespace malmoi::grammar {
namespace {

constexpr size_t kLongestPlace = 600;  // every rule has one

}  // namespace

Result<Grammar> SchemaBuilder::run(const Json& start, const std::string& at) {
  const RuleId root = grammar_.add_rule("schema", place(at));
  grammar_.set_root(root);
  if (&start == &root_) targets_.emplace(&root_, root);
  open_.push_back({root, {}, &start, at});
  while (!open_.empty()) {
    const Open next = std::move(open_.front());
    open_.pop_front();
    MALMOI_ASSIGN(const ExprId body, schema(next.schema ? *next.schema : next.made, next.at));
    grammar_.define(next.rule, body);
  }
  return std::move(grammar_);
}

std::string SchemaBuilder::place(const std::string& at) const {
  return where_ + "#" + (at.size() <= kLongestPlace ? at : at.substr(0, kLongestPlace) + "...");
}

ExprId SchemaBuilder::as_rule(const char* name, const std::string& at, ExprId body) {
  const RuleId rule = grammar_.add_rule(name, place(at));
  grammar_.define(rule, body);
  return grammar_.call(rule);
}

// Merged schemas may lead to themselves again: each is written once.
ExprId SchemaBuilder::rule_of(Json made, const std::string& at) {
  const auto [found, is_new] = made_.try_emplace(dump_json(made), -1);
  if (is_new) {
    found->second = grammar_.add_rule("schema", place(at));
    open_.push_back({found->second, std::move(made), nullptr, at});
  }
  return grammar_.call(found->second);
}

// What must be of all these schemas.
Result<ExprId> SchemaBuilder::all_of(Json parts, const std::string& at) {
  MALMOI_TRY(merger_.spend(parts, "#" + at));
  return rule_of(saying("allOf", std::move(parts)), at);
}

Result<ExprId> SchemaBuilder::reference(const Json& value, const std::string& at) {
  if (!value.is_string()) return invalid_data("$ref is a string", place(at));
  const auto text = value.get<std::string>();
  auto known = references_.find(text);
  if (known == references_.end()) {
    MALMOI_ASSIGN(const Json* target, merger_.resolve(text, "#" + at));
    const auto [written, is_new] = targets_.try_emplace(target, -1);
    if (is_new) {
      written->second = grammar_.add_rule(show_controls(text), place(at));
      // Cut, as every place below it is spelled with it.
      open_.push_back({written->second, {}, target, text.substr(1, kLongestPlace)});
    }
    known = references_.emplace(text, written->second).first;
  }
  return grammar_.call(known->second);
}

Result<ExprId> SchemaBuilder::schema(const Json& schema, const std::string& at) {
  if (schema.is_boolean()) return schema.get<bool>() ? json_.value() : grammar_.nothing();
  if (!schema.is_object()) return invalid_data("a schema is an object, true or false", place(at));
  if (grammar_.exprs().size() + elsewhere_ > kMaxExpressions)
    return unsupported("a schema that makes more than " + std::to_string(kMaxExpressions) + " expressions", place(at),
                       "make it smaller");
  MALMOI_TRY(check_keywords(schema, place(at)));
  if (says_nothing(schema)) return json_.value();
  if (has_conditions(schema)) {
    MALMOI_ASSIGN(Json made, merger_.expand(schema, "#" + at));
    return rule_of(std::move(made), at);
  }
  if (auto nullable = schema.find("nullable"); nullable != schema.end()) {
    if (!nullable->is_boolean()) return invalid_data("nullable is true or false", place(at + "/nullable"));
    const Json rest = without(schema, "nullable");
    MALMOI_ASSIGN(const ExprId other, this->schema(rest, at));
    return nullable->get<bool>() && !says_nothing(rest) ? grammar_.choice({other, grammar_.literal("null")}) : other;
  }
  for (const char* keyword : {"$ref", "allOf"}) {
    auto found = schema.find(keyword);
    if (found == schema.end()) continue;
    const bool alone = says_nothing(without(schema, keyword));
    if (alone && found->is_string()) return reference(*found, at + "/" + keyword);
    if (alone && found->is_array() && found->size() == 1) return this->schema((*found)[0], at + "/allOf/0");
    MALMOI_ASSIGN(Json made, merger_.expand(schema, "#" + at));
    return rule_of(std::move(made), at);
  }
  for (const char* keyword : {"anyOf", "oneOf"})
    if (schema.contains(keyword)) return choice(schema, keyword, at);
  if (schema.contains("const") || schema.contains("enum")) return listed(schema, at);
  std::vector<ExprId> ways;
  const std::vector<std::string> types = types_of(schema);
  for (const std::string& type : types) {
    MALMOI_ASSIGN(const ExprId way, of_type(type, schema, at));
    ways.push_back(way);
  }
  return grammar_.choice(std::move(ways));
}

Result<ExprId> SchemaBuilder::choice(const Json& schema, const std::string& keyword, const std::string& at) {
  Json made;
  MALMOI_ASSIGN(const Json* branches, branches_of(schema, keyword, at, made));
  std::vector<ExprId> ways;
  for (size_t i = 0; i < branches->size(); ++i) {
    const std::string branch_at = at + "/" + keyword + "/" + std::to_string(i);
    if (branches != &made) {
      MALMOI_ASSIGN(const ExprId way, this->schema((*branches)[i], branch_at));
      ways.push_back(way);
    } else if (!allows_nothing(made[i])) {
      ways.push_back(rule_of(std::move(made[i]), branch_at));
    }
  }
  return grammar_.choice(std::move(ways));
}

// The branches of a choice; `made` of them, where something stands beside: each with that. So those of 'oneOf' are compared as they are
// written, for what stands beside may say of which types values are.
Result<const Json*> SchemaBuilder::branches_of(const Json& schema, const std::string& keyword, const std::string& at,
                                               Json& made) {
  const Json& branches = schema[keyword];
  const std::string here = at + "/" + keyword;
  if (!branches.is_array() || branches.empty())
    return invalid_data(keyword + " is a list of one or more schemas", place(here));
  const Json* found = &branches;
  if (const Json rest = without(schema, keyword); !says_nothing(rest)) {
    made = Json::array();
    for (size_t i = 0; i < branches.size(); ++i) {
      const std::string branch_at = here + "/" + std::to_string(i);
      if (branches[i].is_object()) MALMOI_TRY(check_keywords(branches[i], place(branch_at)));
      MALMOI_ASSIGN(Json both_say, merger_.merge(rest, branches[i], "#" + branch_at));
      made.push_back(std::move(both_say));
    }
    found = &made;
  }
  if (keyword == "oneOf") MALMOI_TRY(check_one_of(*found, here));
  return found;
}

Status SchemaBuilder::check_one_of(const Json& branches, const std::string& at) {
  // More are compared with each other than anyone writes.
  constexpr size_t kMostBranches = 200;
  if (branches.size() > kMostBranches)
    return unsupported("oneOf of more than " + std::to_string(kMostBranches) + " schemas", place(at), "write anyOf");
  // Each is expanded once, not once for each other one.
  std::vector<Json> made(branches.size());
  std::vector<const Json*> whole;
  for (size_t i = 0; i < branches.size(); ++i) {
    MALMOI_ASSIGN(const Json* branch, merger_.expanded(branches[i], made[i], "#" + at));
    whole.push_back(branch);
  }
  for (size_t i = 0; i < branches.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      MALMOI_ASSIGN(const bool disjoint, merger_.are_disjoint(*whole[j], *whole[i], "#" + at));
      if (!disjoint)
        return unsupported("the branches " + std::to_string(j) + " and " + std::to_string(i) +
                               " of oneOf may both hold, which cannot be kept to",
                           place(at), "write anyOf, or tell them apart by a required property with a const of its own");
    }
  }
  return {};
}

Result<ExprId> SchemaBuilder::listed(const Json& schema, const std::string& at) {
  MALMOI_ASSIGN(const Json values, values_listed(schema, at));
  std::vector<ExprId> ways;
  for (const Json& value : values) ways.push_back(json_.exactly(value));
  return grammar_.choice(std::move(ways));
}

// The values of `enum` or `const` that are of what the schema says beside.
Result<Json> SchemaBuilder::values_listed(const Json& schema, const std::string& at) {
  auto constant = schema.find("const"), list = schema.find("enum");
  if (list != schema.end() && !list->is_array()) return invalid_data("enum is a list of values", place(at + "/enum"));
  const ValueCheck check(schema);
  Json values = Json::array();
  for (const Json& value : constant != schema.end() ? Json::array({*constant}) : *list)
    if (!check.is_certainly_not(value)) values.push_back(value);
  // What the check has seen to is not looked at again.
  Json rest = without(without(schema, "enum"), "const");
  if (auto negated = rest.find("not"); negated != rest.end()) {
    Json parts = Json::array();
    for (const Json& part : parts_of_not(rest))
      if (!part.contains("enum")) parts.push_back(part);
    if (parts.empty()) rest.erase("not");
    else (*negated)["anyOf"] = std::move(parts);
  }
  return says_nothing(without(rest, "type")) ? values : values_of(values, rest, at);
}

// Reads every value by the grammar of the rest: one that would not be written by it is left out.
Result<Json> SchemaBuilder::values_of(const Json& values, const Json& rest, const std::string& at) {
  Json kept = Json::array();
  constexpr int kMostFiltered = 100;   // each builds a grammar of its own
  constexpr int kDeepestFiltered = 8;  // by a builder within another one
  if (++filtered_ > kMostFiltered)
    return unsupported(
        "more than " + std::to_string(kMostFiltered) + " lists of values with other keywords beside them", place(at),
        "list only values that are of the others");
  if (filter_depth_ == kDeepestFiltered)
    return unsupported("lists of values within what stands beside lists of values, without end", place(at),
                       "list only values that are of the others");
  SchemaBuilder beside(root_, where_, merger_);
  beside.filtered_ = filtered_;
  beside.filter_depth_ = filter_depth_ + 1;
  beside.language_steps_ = language_steps_;
  beside.elsewhere_ = elsewhere_ + grammar_.exprs().size();
  auto built = beside.run(rest, at);
  filtered_ = beside.filtered_;
  language_steps_ = beside.language_steps_;
  MALMOI_ASSIGN(const Grammar grammar, std::move(built));
  elsewhere_ = beside.elsewhere_ - grammar_.exprs().size() + grammar.exprs().size();
  const Result<Automaton> automaton = Automaton::compile(grammar);
  if (!automaton.ok() && automaton.error().code == ErrorCode::kInvalidData) return kept;  // nothing is of the rest
  if (!automaton.ok()) return automaton.error();
  for (const Json& value : values) {
    MALMOI_ASSIGN(const bool is_one, is_read(*automaton, dump_json(value), at));
    if (is_one) kept.push_back(value);
  }
  return kept;
}

// Whether a listed value or a name is of a pattern, or of what else stands beside it.
Result<bool> SchemaBuilder::is_read(const Automaton& automaton, const std::string& text, const std::string& at) {
  const std::optional<bool> found = matches_within(automaton, text, language_steps_, kMaxLanguageSteps);
  if (found) return *found;
  return unsupported("listed values and names that take too long to compare with what stands beside them", place(at),
                     "list fewer, or say less of them");
}

// Of strings `not` of listed values is kept to; whole lists and objects can come in many ways.
Status SchemaBuilder::check_unwanted(const Json& schema, Json::value_t type, const std::string& at) const {
  for (const Json& part : parts_of_not(schema))
    for (const Json& value : json_list(part, "enum"))
      if (value.type() == type)
        return unsupported("'not' of a value that is " + std::string(value.is_array() ? "a list" : "an object") +
                               " with something in it cannot be kept to",
                           place(at + "/not"), "say what may come instead of it");
  return {};
}

Result<ExprId> SchemaBuilder::of_type(const std::string& type, const Json& schema, const std::string& at) {
  if (type == "string") return string(schema, at);
  if (type == "integer") return number(schema, true, at);
  if (type == "number") return number(schema, false, at);
  if (type == "boolean") return json_.boolean();
  if (type == "null") return grammar_.literal("null");
  return type == "array" ? array(schema, at) : object(schema, at);
}

Result<SchemaBuilder::Counts> SchemaBuilder::counts(const Json& schema, const char* min, const char* max,
                                                    const std::string& at) const {
  Counts found;
  for (const char* key : {min, max}) {
    auto value = schema.find(key);
    if (value == schema.end()) continue;
    if (!is_of_type(*value, "integer") || *value < Json(0))
      return invalid_data(std::string(key) + " is a whole number from 0", place(at + "/" + key));
    if (*value > Json(kMaxRepeat)) {
      // More than anyone writes: no upper end at all would be the same, a lower one could not be reached.
      if (key == max) continue;
      return unsupported(std::string(key) + " is above " + std::to_string(kMaxRepeat), place(at + "/" + key));
    }
    (key == min ? found.min : found.max) = static_cast<int32_t>(value->get<double>());
  }
  if (found.max != kUnbounded && found.max < found.min)
    return invalid_data(std::string(max) + " is below " + min, place(at), "no value has both");
  return found;
}

}  // namespace malmoi::grammar
