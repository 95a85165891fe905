// Bytes in addresses as %XX (RFC 3986, 2.1).
#pragma once

#include <string>
#include <string_view>

namespace malmoi {

/// Letters, digits and "-._~", which stand for themselves everywhere in an address.
inline bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~").find(c) != std::string_view::npos;
}

/// The text with each byte as %XX that `stays` is false of.
template <typename Stays>
std::string percent_encode(std::string_view text, const Stays& stays) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (stays(c)) out += c;
    else ((out += '%') += kDigits[byte >> 4]) += kDigits[byte & 15];
  }
  return out;
}

/// Text with `%EB%A7%90` as the bytes that it stands for; a percent sign without two digits stays as it is.
std::string percent_decode(std::string_view text);

}  // namespace malmoi
