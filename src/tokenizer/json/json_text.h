// Writing the JSON of tokenizer.json: strings and numbers.
#pragma once

#include <string>
#include <string_view>

namespace malmoi::tokenizer {

/// The string in quotes; UTF-8 as it stands, control characters escaped.
void append_json_string(std::string& out, std::string_view text);
std::string json_quoted(std::string_view text);
/// A number that reads back to the same bits.
std::string json_number(double value);

}  // namespace malmoi::tokenizer
