// Writes the rules of a schema, keyword by keyword.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "grammar/json_rules.h"
#include "grammar/number_range.h"
#include "grammar/regex.h"
#include "grammar/schema_merge.h"

namespace malmoi::grammar {

/// One schema. For schema_grammar(). `at` is the JSON pointer of what is looked at.
class SchemaBuilder {
 public:
  SchemaBuilder(const Json& root, std::string where)
      : root_(root), where_(std::move(where)), json_(grammar_), merger_(root, where_) {}

  /// The grammar of the document, or of a schema that refers to it.
  Result<Grammar> run() { return run(root_, ""); }
  Result<Grammar> run(const Json& start, const std::string& at);

 private:
  /// A property, or what else stands between braces.
  struct Member {
    ExprId text;
    bool required;
  };
  /// How many of something there may be.
  struct Counts {
    int32_t min = 0, max = kUnbounded;
  };
  /// A schema whose rule is still to be written.
  struct Open {
    RuleId rule;
    Json made;           // or, where it stands in the document,
    const Json* schema;  // this
    std::string at;
  };

  // schema_builder.cc: what holds for all types
  Result<ExprId> schema(const Json& schema, const std::string& at);
  Status check_keywords(const Json& schema, const std::string& at) const;
  Result<ExprId> reference(const Json& value, const std::string& at);
  Result<ExprId> choice(const Json& schema, const std::string& keyword, const std::string& at);
  Status check_one_of(const Json& branches, const std::string& at);
  Result<ExprId> listed(const Json& schema, const std::string& at);
  Result<Json> values_of(const Json& values, const Json& rest, const std::string& at);
  Result<ExprId> of_type(const std::string& type, const Json& schema, const std::string& at);
  ExprId rule_of(Json made, const std::string& at);
  Result<Regex> expression(const std::string& text, const std::string& at) const;
  Result<Counts> counts(const Json& schema, const char* min, const char* max, const std::string& at) const;
  std::string place(const std::string& at) const;

  // schema_scalars.cc
  Result<ExprId> string(const Json& schema, const std::string& at);
  Result<ExprId> pattern(const Json& schema, const Counts& length, const std::string& at);
  Result<ExprId> format(const Json& schema, const Counts& length, const std::string& at);
  Result<ExprId> number(const Json& schema, bool integer, const std::string& at);
  Result<std::optional<size_t>> places_of_step(const Json& schema, const std::string& at) const;
  Result<std::optional<Bound>> bound(const Json& schema, bool lower, const std::string& at) const;

  // schema_containers.cc
  Result<ExprId> array(const Json& schema, const std::string& at);
  Result<ExprId> tuple(const Json& prefix, std::optional<ExprId> rest, const Counts& count, const std::string& at,
                       const std::string& prefix_at);
  Result<ExprId> object(const Json& schema, const std::string& at);
  Result<std::optional<ExprId>> additional_value(const Json& schema, const std::string& at);
  Result<std::vector<Member>> members(const Json& schema, std::optional<ExprId> additional, const std::string& at);
  Result<std::optional<ExprId>> other_members(const Json& schema, std::optional<ExprId> additional,
                                              const std::string& at);
  Result<ExprId> pattern_member(const Json& schema, const std::string& at);
  Result<ExprId> key_of_names(const Json& names, const std::string& at);
  ExprId braces(const std::vector<Member>& members, std::optional<ExprId> other);
  ExprId comma_then(ExprId item) { return grammar_.sequence({grammar_.literal(","), json_.space(), item}); }
  ExprId as_rule(const char* name, const std::string& at, ExprId body);

  const Json& root_;
  std::string where_;
  Grammar grammar_;
  JsonRules json_;
  SchemaMerger merger_;
  std::unordered_map<std::string, RuleId> references_;  // by their text
  std::unordered_map<std::string, RuleId> made_;        // merged schemas, by their JSON
  std::map<std::pair<int32_t, int32_t>, RuleId> strings_of_length_;
  std::deque<Open> open_;
  int filtered_ = 0;      // lists of values that were compared with what stands beside them
  int filter_depth_ = 0;  // of this builder among those that compare such lists
};

}  // namespace malmoi::grammar
