// Schemas that hold together: one that says what several say, what is not of one, and whether two can both hold.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "grammar/schema_keywords.h"

namespace malmoi::grammar {

/// Over one document. Errors name the place and the keyword. One thread.
class SchemaMerger {
 public:
  SchemaMerger(const Json& root, std::string where) : root_(root), where_(std::move(where)) {}

  /// What a reference `#...` within the document stands for.
  Result<const Json*> resolve(const std::string& reference, const std::string& at) const;
  /// A schema for what both say; without `$ref`, `allOf` and conditions (has_conditions()) at its top.
  Result<Json> merge(const Json& a, const Json& b, const std::string& at);
  /// The schema without `$ref`, `allOf` and conditions at its top: these become an `anyOf` of schemas that say all, or one such schema, or
  /// false. Errors: what `not`, `if` or `else` asks for cannot be written (see negations()).
  Result<Json> expand(const Json& schema, const std::string& at);
  /// The schema itself or, where there is something to expand at its top, `made`, which becomes expand() of it.
  Result<const Json*> expanded(const Json& schema, Json& made, const std::string& at);
  /// Whether it is certain that no value that is written for one is of the other.
  Result<bool> are_disjoint(const Json& a, const Json& b, const std::string& at);
  /// Counts what is made of a schema. Errors: it is too much, for one document.
  Status spend(const Json& made, const std::string& at);

 private:
  /// One way in which a condition may hold: a test, with what is said then.
  struct Way {
    Json test;
    Json said = true;
  };
  using Condition = std::vector<Way>;
  /// Counts calls within each other.
  class Within {
   public:
    explicit Within(int& count) : count_(++count) {}
    Within(const Within&) = delete;
    Within& operator=(const Within&) = delete;
    ~Within() { --count_; }

   private:
    int& count_;
  };
  static constexpr int kMostWithin = 128;  // of expand() and negations(): what leads to itself has no end

  Result<Json> expand_at(const Json& schema, const std::string& at, int depth);
  Result<Json> merge_at(const Json& a, const Json& b, const std::string& at, int depth);
  Result<Json> merge_plain(const Json& a, const Json& b, const std::string& at, int depth);
  Status add_keyword(Json& into, const std::string& key, const Json& value, const std::string& at);
  Status check_reach(const Json& schema, const Json& other, const std::string& at) const;
  Status add_properties(Json& into, const Json& from, const std::string& at) const;
  Result<bool> are_disjoint_at(const Json& a, const Json& b, const std::string& at, int depth);
  Result<bool> all_branches_are_disjoint(const Json& a, const Json& b, const std::string& at, int depth);

  // schema_conditions.cc
  Status take_conditions(Json& schema, std::vector<Condition>& into, const std::string& at);
  Status take_not(const Json& negated, std::vector<Condition>& into, const std::string& at, int depth);
  Status take_if(const Json& schema, std::vector<Condition>& into, const std::string& at);
  Status take_dependents(const Json& schema, const char* keyword, std::vector<Condition>& into, const std::string& at);
  Result<Json> apply(const Json& schema, const std::vector<Condition>& conditions, const std::string& at, int depth);
  Result<Json> in_way(const Json& schema, const Way& way, const Json& agreed, const std::string& at, int depth);
  Result<bool> contradicts(const Json& schema, const Json& test, Json& agreed, const std::string& at, int depth);
  Result<bool> is_impossible(const Json& schema, const Way& way, const std::string& at);
  Result<bool> is_impossible(const Json& schema, const std::string& at);
  Result<bool> is_impossible_here(const Json& schema, const std::string& at);
  Result<bool> misses_a_property(const Json& schema, const Json& required, const std::string& at);

  // schema_negations.cc: schemas that together allow what one does not; none, where it allows everything
  Result<std::vector<Json>> negations(const Json& schema, const std::string& at);
  Status negate_keyword(const std::string& key, const Json& schema, std::vector<Json>& into, const std::string& at);
  Status negate_choice(const std::string& key, const Json& branches, std::vector<Json>& into, const std::string& at);
  Status negate_if(const Json& schema, std::vector<Json>& into, const std::string& at);
  Status negate_values(const Json& values, std::vector<Json>& into, const std::string& at);
  Status negate_array(const std::string& key, const Json& schema, std::vector<Json>& into, const std::string& at);
  Status negate_object(const std::string& key, const Json& schema, std::vector<Json>& into, const std::string& at);

  std::string place(const std::string& at) const { return where_ + at; }

  const Json& root_;
  std::string where_;
  int64_t spent_ = 0;    // the weight of what was made and compared
  int looked_into_ = 0;  // is_impossible() within itself
  int within_ = 0;       // expand() and negations() within themselves and each other
};

}  // namespace malmoi::grammar
