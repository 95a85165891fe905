// Literals of expressions: escapes of texts, numbers.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "chat/jinja/value.h"

namespace malmoi::chat::jinja {

/// What stands between quotes, with Python's escapes; an escape that is none stays as it is written.
Result<std::string> unescape(std::string_view text);

struct NumberLiteral {
  Value value;
  size_t length = 0;  // bytes read
};
/// The number at the beginning of a text: 1_000, 0x1f, 0b1, 0o7, 1.5, 2.5e-3. `after_dot`: no float may begin here (`a.1.5`).
Result<NumberLiteral> read_number(std::string_view text, bool after_dot);

/// Python's int(text, base), of base 0 with the prefix's; nothing where the text is no such number or has more than 128 bits.
std::optional<Int> parse_int(std::string_view text, int base);
/// Python's float(text).
std::optional<double> parse_float(std::string_view text);

}  // namespace malmoi::chat::jinja
