// Schemas that hold together: one that says what several say, and whether two can both hold.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"

namespace malmoi::grammar {

/// What JSON Schema says of a keyword.
enum class KeywordUse : uint8_t { kAnnotation, kAnyType, kString, kNumber, kArray, kObject, kUnknown };
KeywordUse use_of(std::string_view keyword);

/// Whether a schema says nothing but annotations.
bool says_nothing(const Json& schema);
/// Without one keyword, and without annotations.
Json without(const Json& schema, std::string_view keyword);
/// The names of the types that a schema allows: of `type`, or those that its keywords speak of, or all.
std::vector<std::string> types_of(const Json& schema);
/// Whether a value is of a type: `integer` and `number` as JSON Schema has them.
bool is_of_type(const Json& value, std::string_view type);

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
  /// Whether it is certain that no value is of both.
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
  int64_t spent_ = 0;  // values made
};

}  // namespace malmoi::grammar
