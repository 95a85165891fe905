// Any other split pattern: PCRE2 with its just-in-time compiler, limits, and the classes of the reference libraries.
#pragma once

#include <memory>
#include <string_view>

#include "tokenizer/pattern/pattern.h"

namespace malmoi::tokenizer {

/// Errors name the offset in the pattern.
Result<std::shared_ptr<const Pattern>> compile_regex(std::string_view regex, Dialect dialect);

}  // namespace malmoi::tokenizer
