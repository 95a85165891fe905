// Bytes through ICU's converters. What the files of this folder, characters.cc and mojibake.cc share.
#pragma once

#include <string>
#include <string_view>

#include "data/encoding.h"

namespace malmoi::data::internal {

/// Decodes by ICU's converter of that name; ill-formed parts become U+FFFD and are counted. False: no such converter.
bool convert(std::string_view bytes, const char* name, Decoded& out);
/// Appends UTF-16 units as UTF-8; lone surrogates become U+FFFD.
void append_utf16(std::string& out, const char16_t* units, size_t size);
/// Appends the CP949 bytes of a character; false if it has none.
bool encode_cp949(char32_t c, std::string& out);

}  // namespace malmoi::data::internal
