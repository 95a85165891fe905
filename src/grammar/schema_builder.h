// Writes the rules of a schema, keyword by keyword.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "grammar/automaton.h"
#include "grammar/json_rules.h"
#include "grammar/number_range.h"
#include "grammar/regex.h"
#include "grammar/schema_merge.h"

namespace malmoi::grammar {

/// One schema. For schema_grammar(). `at` is the JSON pointer of what is looked at. `merger` is of the same document.
class SchemaBuilder {
 public:
  SchemaBuilder(const Json& root, std::string where, SchemaMerger& merger)
      : root_(root), where_(std::move(where)), json_(grammar_), merger_(merger) {}

  /// The grammar of the document, or of a schema that refers to it.
  Result<Grammar> run() { return run(root_, ""); }
  Result<Grammar> run(const Json& start, const std::string& at);

 private:
  /// A property, or what else stands between braces.
  struct Member {
    ExprId text;
    bool required;
  };
  /// The names of an object's members.
  struct Keys {
    struct Pattern {
      std::string text;
      const Json* schema;
      Automaton automaton;  // of the names that it is found in
    };
    struct Name {
      std::string text;
      uint32_t patterns;  // that it is of, as bits
    };
    std::vector<Name> named;  // under `properties`, then under `required` alone
    std::unordered_set<std::string> required;
    std::unordered_set<std::string> forbidden;  // by `propertyNames`
    std::vector<Pattern> patterns;

    /// What the patterns of a set say of a value.
    Json schemas_of(uint32_t set) const;
  };
  /// How many of something there may be.
  struct Counts {
    int32_t min = 0, max = kUnbounded;
  };
  struct Range {
    std::optional<Bound> low, high;
  };
  /// Strings that must not come: so many patterns, and these texts.
  struct Unwanted {
    int patterns = 0;
    std::vector<std::string> texts;
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
  Result<ExprId> reference(const Json& value, const std::string& at);
  Result<ExprId> choice(const Json& schema, const std::string& keyword, const std::string& at);
  Result<const Json*> branches_of(const Json& schema, const std::string& keyword, const std::string& at, Json& made);
  Status check_one_of(const Json& branches, const std::string& at);
  Result<ExprId> listed(const Json& schema, const std::string& at);
  Result<Json> values_listed(const Json& schema, const std::string& at);
  Result<Json> values_of(const Json& values, const Json& rest, const std::string& at);
  Result<bool> is_read(const Automaton& automaton, const std::string& text, const std::string& at);
  Status check_unwanted(const Json& schema, Json::value_t type, const std::string& at) const;
  Result<ExprId> of_type(const std::string& type, const Json& schema, const std::string& at);
  ExprId rule_of(Json made, const std::string& at);
  Result<ExprId> all_of(Json parts, const std::string& at);
  Result<Regex> expression(const std::string& text, const std::string& at) const;
  Result<Counts> counts(const Json& schema, const char* min, const char* max, const std::string& at) const;
  std::string place(const std::string& at) const;

  // schema_strings.cc
  Result<ExprId> string(const Json& schema, const std::string& at);
  ExprId string_of_length(const Counts& length, const std::string& at);
  static Unwanted unwanted_strings(const Json& schema);
  Result<ExprId> string_but(const std::vector<std::string>& texts, const std::string& at);
  Result<std::optional<ExprId>> expression_alone(const Json& schema, const Counts& length, const std::string& at);
  Result<ExprId> language(const Json& schema, const Counts& length, const std::vector<std::string>& but,
                          const std::string& at);

  // schema_numbers.cc
  Result<ExprId> number(const Json& schema, bool integer, const std::string& at);
  Result<ExprId> number_but(const Json& schema, const Range& range, bool integer, const std::string& at);
  Result<ExprId> fractions(const Range& range, const std::string& at);
  Result<std::optional<Decimal>> step_of(const Json& schema, const std::string& at) const;
  Result<std::optional<Bound>> bound(const Json& schema, bool lower, const std::string& at) const;

  // schema_arrays.cc
  Result<ExprId> array(const Json& schema, const std::string& at);
  Result<ExprId> tuple(const Json& prefix, std::optional<ExprId> rest, const Counts& count, const std::string& at,
                       const std::string& prefix_at);
  Result<Counts> counts_of_matches(const Json& schema, const std::string& at) const;
  Result<bool> must_be_unique(const Json& schema, const Json* prefix, bool more, const Counts& count,
                              const std::string& at);
  Result<ExprId> unique_items(const Json& item, const Counts& count, const std::string& at);
  Result<ExprId> items_with(const Json& item, const Json& wanted, const Counts& count, const Counts& found,
                            const std::string& at);

  // schema_finite.cc: the values of a schema, if they are few
  Result<std::optional<Json>> finite_values(const Json& schema, const std::string& at, int depth);
  Result<std::optional<Json>> values_of_branches(const Json& schema, const std::string& keyword, const std::string& at,
                                                 int depth);

  // schema_keys.cc
  static std::string pointer_step(const std::string& key);
  Result<Keys> keys_of(const Json& schema, const std::string& at);
  Status add_patterns(Keys& keys, const Json& patterns, const std::string& at) const;
  Result<ExprId> other_key(const Json& schema, const Keys& keys, uint32_t set, const std::string& at);

  // schema_objects.cc
  Result<ExprId> object(const Json& schema, const std::string& at);
  Result<std::optional<ExprId>> additional_value(const Json& schema, const std::string& at);
  Result<std::vector<Member>> members(const Json& schema, const Keys& keys, std::optional<ExprId> additional,
                                      const std::string& at);
  Result<std::optional<ExprId>> other_members(const Json& schema, const Keys& keys, std::optional<ExprId> additional,
                                              const std::string& at);
  ExprId braces(const std::vector<Member>& members, std::optional<ExprId> other);
  Result<ExprId> counted_braces(const std::vector<Member>& members, std::optional<ExprId> other, const Counts& count,
                                const std::string& at);
  ExprId comma_then(ExprId item) { return grammar_.sequence({grammar_.literal(","), json_.space(), item}); }
  ExprId as_rule(const char* name, const std::string& at, ExprId body);

  const Json& root_;
  std::string where_;
  Grammar grammar_;
  JsonRules json_;
  SchemaMerger& merger_;
  std::unordered_map<std::string, RuleId> references_;  // by their text
  std::unordered_map<const Json*, RuleId> targets_;     // by what they refer to, which can be spelled in many ways
  std::unordered_map<std::string, RuleId> made_;        // merged schemas, by their JSON
  std::map<std::pair<int32_t, int32_t>, RuleId> strings_of_length_;
  std::deque<Open> open_;
  // What was spent on this document, by builders of what stands beside lists of values, too.
  int64_t language_steps_ = 0;  // up to kMaxLanguageSteps
  size_t elsewhere_ = 0;        // expressions of other builders
  int filtered_ = 0;            // lists of values that were compared with what stands beside them
  int filter_depth_ = 0;        // of this builder among those that compare such lists
};

}  // namespace malmoi::grammar
