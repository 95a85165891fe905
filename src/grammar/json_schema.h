// JSON Schema as a grammar: every text of it is a value of the schema.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "grammar/grammar.h"

namespace malmoi::grammar {

/// Draft 2020-12, with the older spellings `definitions`, lists under `items`, and `nullable`. Of all texts that a schema
/// allows, these are written: properties in the schema's order, the required ones and any of the others; properties that
/// the schema does not name where `additionalProperties` says so, or where it has neither `properties` nor `required` (such
/// a name may come twice: readers take the last); listed values as JSON without white space; numbers within JsonRules'
/// digits, under bounds without exponents. `format` is kept to. `not` and `if` become schemas of what may come (SchemaMerger::expand()).
/// Errors name the keyword and its place as a JSON pointer, `where#/properties/x`: what cannot be kept to (`uniqueItems` of values that
/// are not listed, `not` of `format`, `oneOf` whose branches may both hold ...) is refused, never ignored. Annotations are ignored.
/// Sources: https://json-schema.org/draft/2020-12/json-schema-core and -validation
Result<Grammar> schema_grammar(const Json& schema, std::string where = "schema");
Result<Grammar> parse_json_schema(std::string_view text, std::string where = "schema");

/// Any JSON object.
Grammar json_object_grammar();

}  // namespace malmoi::grammar
