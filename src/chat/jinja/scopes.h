// What a template's names, filters and loops mean before it runs.
#pragma once

#include <string_view>

#include "base/error.h"
#include "chat/jinja/ast.h"

namespace malmoi::chat::jinja {

/// Fills in which names are hidden in which frame (Stmt::hidden) and what macros use, as Jinja's compiler does. Errors: an
/// unknown filter or test outside of ifs and conditions, where only what is come to counts; `break` outside of a loop; an
/// argument named `caller` without a value.
Status resolve_scopes(std::string_view source, Tree& tree);

}  // namespace malmoi::chat::jinja
