// Values as Python's repr() prints them.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "chat/jinja/value.h"

namespace malmoi::chat::jinja {

/// repr(), appended. `depth`: how many values it stands in. Errors: more than 64 MiB, values too deep within each other.
Status print_repr(std::string& out, const Value& value, int depth = 0);
/// `'it'`, or `"it's"`: quoted and escaped as repr() of a str.
void print_quoted(std::string& out, std::string_view text);
/// `\x1f`, `\u200b`, `\U0001f600`: a character by its number.
void print_escape(std::string& out, char32_t c);
/// What repr() made, as ascii() makes it: characters beyond ASCII by their numbers.
std::string ascii_escaped(std::string_view text);

std::string print_int(Int value);
/// Digits of |value| to a base of 2 to 16, lower case.
std::string digits_of(Int value, int base);
/// The shortest digits that read back to the same bits, laid out as Python's repr(float): `1e+16`, `1.0`, `nan`.
std::string print_float(double value);

}  // namespace malmoi::chat::jinja
