// The keywords of JSON Schema, and what a schema says by them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
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
