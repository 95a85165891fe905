// Base64 as .tiktoken files spell the bytes of a token.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace malmoi::tokenizer {

/// Nothing where the text is no padded base64.
std::optional<std::string> decode_base64(std::string_view text);
std::string encode_base64(std::string_view bytes);

}  // namespace malmoi::tokenizer
