// Whether a value is of a JSON schema, in whatever order and spelling it came.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "grammar/automaton.h"

namespace malmoi::reward {

/// A schema to check values by: draft 2020-12 with the keywords of `grammar/schema_keywords.h`, references within the schema, `pattern`
/// and `format` as answers are held to them. A value that was written by the grammar of a schema is of it; the other way round
/// more values are (any order of properties, any white space). Immutable; for any thread.
/// Source: https://json-schema.org/draft/2020-12/json-schema-validation
class SchemaCheck {
 public:
  /// Errors name the keyword and its place: one that is not known, a reference to elsewhere, an expression that is malformed.
  static Result<SchemaCheck> make(Json schema, const std::string& where);

  /// Empty where the value is of the schema, else the first place where it is not, as `/items/0/price: is no number`. None: to say
  /// so would take too long.
  std::optional<std::string> problem(const Json& value) const;

 private:
  friend class SchemaCheckRun;

  Status prepare(const Json& schema, const std::string& where, int depth);
  Status add_expression(const std::string& text, bool format, const std::string& where);

  std::shared_ptr<const Json> schema_;
  std::map<std::string, std::shared_ptr<const grammar::Automaton>> patterns_, formats_;
};

}  // namespace malmoi::reward
