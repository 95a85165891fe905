// Writing the JSON of tokenizer.json: strings, numbers and members, appended to a text.
#pragma once

#include <string>
#include <string_view>

namespace malmoi::tokenizer {

/// The string in quotes; UTF-8 as it stands, control characters escaped.
void append_json_string(std::string& out, std::string_view text);
/// A number that reads back to the same bits.
std::string json_number(double value);
/// `,"key":value`; an empty string becomes null where `null_if_empty`.
void append_json_member(std::string& out, std::string_view key, std::string_view value, bool null_if_empty = false);
void append_json_member(std::string& out, std::string_view key, const char* value);
void append_json_member(std::string& out, std::string_view key, bool value);
void append_json_member(std::string& out, std::string_view key, int64_t value);

}  // namespace malmoi::tokenizer
