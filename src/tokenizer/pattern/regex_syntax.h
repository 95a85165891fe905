// From the regular expressions of Oniguruma and Rust to PCRE2's where they read differently.
#pragma once

#include <string>
#include <string_view>

#include "tokenizer/pattern/pattern.h"

namespace malmoi::tokenizer {

/// \w, \W, \b, \B as the reference has them; Oniguruma's {n,m}+ (a repeat of a repeat), \h (a hexadecimal digit), (?m)
/// (the dot matches newlines), \p{^...}, and classes within classes with their operators (&&, Rust's --).
/// `scripts`: longer names of \p{...} are scripts alone (PCRE2 takes a script's name for its extensions too).
std::string translate_regex(std::string_view regex, Dialect dialect, bool scripts);
/// Whether a pattern refers back to what it has matched.
bool refers_back(std::string_view regex);

}  // namespace malmoi::tokenizer
