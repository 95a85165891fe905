#include "app/use/constraint_options.h"

namespace malmoi::app {
namespace {

constexpr uint64_t kMostBytes = 1 << 20;  // of a schema or a grammar (grammar/limits.h)

}  // namespace

Result<std::optional<chat::Constraint>> read_constraint(const ConstraintOptions& options) {
  using Kind = chat::Constraint::Kind;
  const int rules =
      options.json_object + options.json_schema.has_value() + options.grammar.has_value() + options.regex.has_value();
  if (rules > 1)
    return usage_error("there are two rules for the answer", "--json-schema",
                       "use one of --json-object, --json-schema, --regex and --grammar");
  chat::Constraint constraint;
  if (options.json_object) {
    constraint.kind = Kind::kJsonObject;
  } else if (options.regex) {
    constraint = {Kind::kRegex, *options.regex};
  } else if (options.json_schema) {
    constraint.kind = Kind::kJsonSchema;
    MALMOI_ASSIGN(constraint.text, read_file(*options.json_schema, kMostBytes));
  } else if (options.grammar) {
    constraint.kind = Kind::kGbnf;
    MALMOI_ASSIGN(constraint.text, read_file(*options.grammar, kMostBytes));
  } else {
    return std::optional<chat::Constraint>();
  }
  return std::optional(std::move(constraint));
}

}  // namespace malmoi::app
