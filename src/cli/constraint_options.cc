#include "cli/constraint_options.h"

namespace malmoi::cli {

void add_constraint_options(CLI::App& command, app::ConstraintOptions& options) {
  constexpr const char* kGroup = "Constraints";
  command.add_flag("--json-object", options.json_object, "answers are JSON objects")->group(kGroup);
  command.add_option("--json-schema", options.json_schema, "file of a JSON schema that answers are held to")
      ->group(kGroup);
  command.add_option("--regex", options.regex, "a regular expression that matches each answer whole")->group(kGroup);
  command.add_option("--grammar", options.grammar, "file of a grammar (GBNF) that answers are of")->group(kGroup);
}

}  // namespace malmoi::cli
