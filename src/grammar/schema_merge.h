// Schemas that hold together: one that says what several say, and whether two can both hold.
#pragma once

#include <cstdint>
#include <string>

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
  /// A schema for what both say; without `$ref` and `allOf` at its top.
  Result<Json> merge(const Json& a, const Json& b, const std::string& at);
  /// The schema without `$ref` and `allOf` at its top.
  Result<Json> expand(const Json& schema, const std::string& at);
  /// The schema itself or, where `$ref` or `allOf` stands at its top, `made`, which becomes expand() of it.
  Result<const Json*> expanded(const Json& schema, Json& made, const std::string& at);
  /// Whether it is certain that no value that is written for one is of the other.
  Result<bool> are_disjoint(const Json& a, const Json& b, const std::string& at);

 private:
  Result<Json> expand_at(const Json& schema, const std::string& at, int depth);
  Result<Json> merge_at(const Json& a, const Json& b, const std::string& at, int depth);
  Status add_keyword(Json& into, const std::string& key, const Json& value, const std::string& at);
  Status check_reach(const Json& schema, const Json& other, const std::string& at) const;
  Status add_properties(Json& into, const Json& from, const std::string& at) const;
  Result<bool> are_disjoint_at(const Json& a, const Json& b, const std::string& at, int depth);
  Status spend(const Json& made, const std::string& at);
  std::string place(const std::string& at) const { return where_ + at; }

  const Json& root_;
  std::string where_;
  int64_t spent_ = 0;  // the weight of what was made and compared
};

}  // namespace malmoi::grammar
