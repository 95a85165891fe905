// The keywords of JSON Schema, and what a schema says by them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace malmoi::grammar {

/// What JSON Schema says of a keyword.
enum class KeywordUse : uint8_t { kAnnotation, kAnyType, kString, kNumber, kArray, kObject, kUnknown };
KeywordUse use_of(std::string_view keyword);

/// Errors, with `where` the schema stands: a keyword that is not known, a name under `type` that is no type.
Status check_keywords(const Json& schema, const std::string& where);

/// Whether a schema says nothing but annotations.
bool says_nothing(const Json& schema);
/// Whether it says anything by which others than plain properties become possible or impossible: by `not` (other than a plain
/// one), `if`, or what depends on properties. SchemaMerger::expand() makes it plain.
bool has_conditions(const Json& schema);
/// Whether what `not` says is what the rules of values keep to themselves: `anyOf` of parts, each one of {"enum": strings, lists and
/// objects}, {"type": "string", "pattern": P}, {"type": "string", "not": {"pattern": P}}, {"type": "number", "multipleOf": N}
/// and {"type": "integer"}.
bool is_plain_not(const Json& negated);
/// The parts of a plain `not`; none where there is none.
const Json& parts_of_not(const Json& schema);
/// A schema of one keyword.
Json saying(const std::string& keyword, Json value);
/// What must be of both; a long list stays one list.
Json both(const Json& one, const Json& other);
/// Without one keyword, and without annotations.
Json without(const Json& schema, std::string_view keyword);
/// The names of the types that a schema allows, each once: of `type`, or those that its keywords speak of, or all.
std::vector<std::string> types_of(const Json& schema);
/// Whether `nullable` allows null beside what else a schema says; false where it is not true or false.
bool is_nullable(const Json& schema);
/// Whether a value is of a type: `integer` and `number` as JSON Schema has them.
bool is_of_type(const Json& value, std::string_view type);

/// A list as it is, a single value as a list of one.
Json as_list(const Json& value);

/// The texts of the values of a list: equal exactly where JSON Schema calls the values equal.
std::unordered_set<std::string> texts_of(const Json& list);
std::string text_of(const Json& value);

}  // namespace malmoi::grammar
