// Base64 with padding, as tokenizer files have it.
#pragma once

#include <string>
#include <string_view>

namespace malmoi::tokenizer {

std::string encode_base64(std::string_view bytes);
/// False where the text is not base64.
bool decode_base64(std::string_view text, std::string& bytes);

}  // namespace malmoi::tokenizer
