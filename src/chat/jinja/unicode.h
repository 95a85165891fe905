// What Python's str methods ask of characters, and its mappings of case.
//
// Python 3.12, Unicode 15: `str.isspace`, `isalpha`, ... and the full mappings of SpecialCasing.txt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace malmoi::chat::jinja {

bool is_space(char32_t c);
bool is_alpha(char32_t c);
bool is_decimal(char32_t c);
bool is_digit(char32_t c);
inline bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }
bool is_numeric(char32_t c);
bool is_lower(char32_t c);
bool is_upper(char32_t c);
bool is_title(char32_t c);
bool is_identifier_start(char32_t c);
bool is_identifier_part(char32_t c);
/// Whether repr() shows it as it is.
bool is_printable(char32_t c);
/// Ends a line for str.splitlines().
bool is_line_end(char32_t c);
/// The value of a decimal digit of any script, or -1.
int digit_value(char32_t c);
/// The character of a Unicode name (`LATIN SMALL LETTER A`), or 0.
char32_t character_named(const std::string& name);

/// All of UTF-8 in and out.
std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
std::string case_folded(std::string_view text);
/// The first character in title case, the others in lower case.
std::string capitalised(std::string_view text);
/// Each run of cased characters so.
std::string title_cased(std::string_view text);
std::string case_swapped(std::string_view text);

std::u32string code_points(std::string_view text);
/// How many bytes the first `count` code points of a text have, or all of it.
size_t first_bytes(std::string_view text, int64_t count);
/// Whether some character has the case that is `wanted` (is_lower, is_upper), and none another.
bool is_of_one_case(std::string_view text, bool (*wanted)(char32_t));

}  // namespace malmoi::chat::jinja
