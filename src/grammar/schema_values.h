// What a schema says of single values by the keywords at its top, without what it is put together of.
#pragma once

#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/json.h"

namespace malmoi::grammar {

/// The values of `const` or `enum`, if the schema has one.
std::optional<Json> listed_values(const Json& schema);

/// Whether values are certainly not of a schema, which must outlive it: by their type, listed values, plain `not` and bounds.
class ValueCheck {
 public:
  explicit ValueCheck(const Json& schema);
  bool is_certainly_not(const Json& value) const;

 private:
  const Json& schema_;
  std::vector<std::string> types_;
  std::optional<std::unordered_set<std::string>> constant_, listed_;
  std::unordered_set<std::string> excluded_;
  bool no_integer_ = false;
};

/// Makes one list of `const`, `enum` and the values that a plain `not` takes from them.
void settle_values(Json& schema);
/// Whether it is certain that no value is: there is no type left, no listed value, no number within the bounds, no length.
bool allows_nothing(const Json& schema);
/// Whether both name types, and none is of both.
bool have_no_type_in_common(const Json& a, const Json& b);

}  // namespace malmoi::grammar
