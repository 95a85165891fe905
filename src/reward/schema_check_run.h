// One value walked beside a schema.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "reward/schema_check.h"

namespace malmoi::reward {

/// What a keyword such as maxItems says; `fallback` where it does not stand there, or is no number that a length could be.
int64_t limit_of(const Json& schema, std::string_view keyword, int64_t fallback);

/// Counts its steps: schemas that refer to themselves, and branches of branches, could go on for ever.
class SchemaCheckRun {
 public:
  explicit SchemaCheckRun(const SchemaCheck& check) : check_(check) {}

  /// Whether the value, which stands at `place`, is of the schema.
  bool check(const Json& schema, const Json& value, const std::string& place, int depth);
  /// The first thing that was wrong.
  const std::string& problem() const { return problem_; }
  bool too_costly() const { return steps_ > kMostSteps || too_deep_; }

 private:
  static constexpr int64_t kMostSteps = 2'000'000;
  static constexpr int kDeepest = 600;  // a text has 256 levels; each takes a schema, a reference and a choice

  bool fail(const std::string& place, std::string_view what);
  /// Whether it is of the schema, without saying why it is not.
  bool fits(const Json& schema, const Json& value, const std::string& place, int depth);
  bool check_any(const Json& schema, const Json& value, const std::string& place, int depth);
  bool check_choices(const Json& schema, const Json& value, const std::string& place, int depth);
  bool check_condition(const Json& schema, const Json& value, const std::string& place, int depth);
  bool check_number(const Json& schema, const Json& value, const std::string& place);
  bool check_text(const Json& schema, const Json& value, const std::string& place);
  bool check_list(const Json& schema, const Json& value, const std::string& place, int depth);
  bool check_items(const Json& schema, const Json& value, const std::string& place, int depth);
  bool check_contained(const Json& schema, const Json& value, const std::string& place, int depth);
  bool check_object(const Json& schema, const Json& value, const std::string& place, int depth);
  bool check_properties(const Json& schema, const Json& value, const std::string& place, int depth);
  bool check_dependent(const Json& schema, const Json& value, const std::string& place, int depth);
  bool matches(const grammar::Automaton& automaton, std::string_view text);
  bool has_pattern(const std::string& pattern, std::string_view text);

  const SchemaCheck& check_;
  std::string problem_;
  int64_t steps_ = 0;
  bool too_deep_ = false;
};

}  // namespace malmoi::reward
