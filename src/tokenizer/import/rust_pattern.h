// A pattern of Rust's engines spelled for Oniguruma, which reads tokenizer.json.
#pragma once

#include <string>
#include <string_view>

namespace malmoi::tokenizer {

/// Possessive bounded repeats become atomic groups (`\p{N}{1,3}+` is a repeated repeat to Oniguruma), and the ends of the
/// text are spelled as such (`$` and `^` are those of lines there). All else stays.
std::string oniguruma_spelling(std::string_view rust);

}  // namespace malmoi::tokenizer
