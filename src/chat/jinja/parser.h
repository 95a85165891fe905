// Tokens to a tree, by Jinja's grammar.
#pragma once

#include <string_view>

#include "base/error.h"
#include "chat/jinja/ast.h"

namespace malmoi::chat::jinja {

/// Reads a normalised source. Errors say line and column, and what was expected.
Result<Tree> parse(std::string_view source);

}  // namespace malmoi::chat::jinja
