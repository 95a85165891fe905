// A template's source as tokens: texts between tags, and what stands in the tags.
//
// Jinja 3.1's rules with trim_blocks and lstrip_blocks: a newline after a block or comment goes with it, and so does white
// space before one from the beginning of its line; `-` takes all white space on its side, `+` leaves it all.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "chat/jinja/value.h"

namespace malmoi::chat::jinja {

enum class TokenKind : uint8_t {
  kData,
  kVariableBegin,
  kVariableEnd,
  kBlockBegin,
  kBlockEnd,
  kName,
  kText,
  kNumber,
  kOperator,
  kEnd
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  uint32_t offset = 0;  // byte of the source
  std::string text;     // of data, names, texts and operators
  Value number = {};
};

/// `line 3, column 14`, as people count: both from 1, the column in code points.
std::string place_text(std::string_view source, size_t offset);
/// What is wrong with a source, at one of its bytes.
Error error_at(std::string_view source, size_t offset, std::string what, std::string remedy);

/// All newlines as LF, and without the last one.
std::string normalized_source(std::string_view source);
/// Tokens of a normalised source, ending with kEnd. Errors say line and column.
Result<std::vector<Token>> tokenize(std::string_view source);

}  // namespace malmoi::chat::jinja
