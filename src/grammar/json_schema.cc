#include "grammar/json_schema.h"

#include <utility>

#include "grammar/json_rules.h"
#include "grammar/limits.h"
#include "grammar/schema_builder.h"

namespace malmoi::grammar {

Result<Grammar> schema_grammar(const Json& schema, std::string where) {
  SchemaMerger merger(schema, where);
  return SchemaBuilder(schema, std::move(where), merger).run();
}

Result<Grammar> parse_json_schema(std::string_view text, std::string where) {
  if (text.size() > kMaxText)
    return invalid_data("a schema of more than " + std::to_string(kMaxText) + " bytes", std::move(where),
                        "make it smaller");
  MALMOI_ASSIGN(const Json schema, parse_json(text, where, kMaxNesting));
  return schema_grammar(schema, std::move(where));
}

Grammar json_object_grammar() {
  Grammar grammar;
  JsonRules json(grammar);
  const RuleId root = grammar.add_rule("answer", "JSON");
  grammar.define(root, json.object());
  grammar.set_root(root);
  return grammar;
}

}  // namespace malmoi::grammar
