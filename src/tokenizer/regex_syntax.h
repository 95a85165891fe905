// From the regular expressions of Oniguruma and Rust to PCRE2's where they read differently.
#pragma once

#include <string>
#include <string_view>

#include "tokenizer/pattern.h"

namespace malmoi::tokenizer {

/// \w, \W, \b, \B as the reference has them; Oniguruma's {n,m}+ (a repeat of a repeat), \h (a hexadecimal digit), (?m)
/// (the dot matches newlines) and \p{^...}.
std::string translate_regex(std::string_view regex, Dialect dialect);

}  // namespace malmoi::tokenizer
