// References within a schema.
#pragma once

#include <string_view>

#include "base/json.h"

namespace malmoi::grammar {

/// What `#`, or `#/a/b`, names within a document: a JSON pointer (RFC 6901) in a URI's fragment, where %24 is $. Null: it names nothing.
const Json* find_reference(const Json& root, std::string_view reference);

}  // namespace malmoi::grammar
