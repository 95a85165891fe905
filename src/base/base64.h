// Base64 with padding (RFC 4648, 4).
#pragma once

#include <string>
#include <string_view>

namespace malmoi {

std::string encode_base64(std::string_view bytes);
/// False where the text is not base64.
bool decode_base64(std::string_view text, std::string& bytes);

}  // namespace malmoi
