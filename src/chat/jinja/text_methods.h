// What Python's str does to texts, for its methods and the filters of the same names. All of UTF-8 in and out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "chat/jinja/run.h"

namespace malmoi::chat::jinja {

/// Without the characters of `chars` (null: white space) at its ends.
std::string_view stripped(std::string_view text, const std::string_view* chars, bool left, bool right);
/// As str.strip(chars): None or what is not given is white space. Errors: no text, more than the budget holds.
Result<std::string_view> stripped(Run& run, std::string_view text, const Value* chars, const char* function,
                                  bool left = true, bool right = true);
/// The parts between runs of white space.
std::vector<std::string_view> split_spaces(std::string_view text);
/// At most `limit` cuts (below 0: all) at white space, from the left or the right.
std::vector<std::string_view> split_spaces(std::string_view text, int64_t limit, bool from_right);
/// At most `limit` cuts (below 0: all) at `separator`, which is not empty.
std::vector<std::string_view> split_at(std::string_view text, std::string_view separator, int64_t limit,
                                       bool from_right);
/// As str.splitlines().
std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends);
/// 0 of an empty text.
char32_t last_character(std::string_view text);

using Mapping = std::string (*)(std::string_view);
/// The text that `mapping` makes of one, for a method or filter without arguments; markup stays markup.
Result<Value> mapped(Run& run, std::string_view text, bool markup, const Args& args, const char* function,
                     Mapping mapping);

/// Errors: more than the budget holds.
Result<std::string> replaced(Run& run, std::string_view text, std::string_view old, std::string_view replacement,
                             int64_t count);
/// Padded to `width` code points; `fill` is one character. Errors: more than the budget holds.
Result<std::string> padded(Run& run, std::string_view text, int64_t left, int64_t right, std::string_view fill);
Result<std::string> centred(Run& run, std::string_view text, int64_t width, std::string_view fill);

}  // namespace malmoi::chat::jinja
