// How well a text reads in a language: the bits that its characters cost.
//
// Bytes read by the wrong encoding give rare characters, and characters in places where a language has none. Each
// character costs minus the binary logarithm of its share in texts of the language (common_characters.h; the rest by
// the classes of the national standards); the reading with the lowest sum is the likeliest.
#pragma once

#include <string_view>

#include "data/encoding/common_characters.h"

namespace malmoi::data::internal {

/// What one ill-formed part costs: more than any character.
constexpr double kIllFormedBits = 25;

/// The bits of a text (UTF-8) in a language. U+FFFD is an ill-formed part. Thread-safe.
double reading_bits(std::string_view text, Language language);

/// The same in whichever language suits each character: what UTF-8 costs, which holds them all.
double reading_bits_of_any(std::string_view text);

/// The bits of the ASCII bytes alone: the same in every encoding that leaves them as they are.
double reading_bits_of_ascii(std::string_view bytes);

/// Whether Western texts have the character between these two: a typographic mark anywhere, a letter beside a letter.
bool is_western(char32_t c, char32_t before, char32_t after);

}  // namespace malmoi::data::internal
