// Text as duplicates are compared by: NFC, lower-cased, white space collapsed, in one pass over the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace malmoi::data {

/// NFC, lower-cased, white space collapsed to single spaces and trimmed: what near duplicates are compared by.
std::string normalize_for_dedup(std::string_view text);

/// The length of the white space character at text[at] (Unicode's White_Space, and U+001C-001F as Python has them); 0 if
/// another stands there.
size_t white_space_at(std::string_view text, size_t at);

/// Where the unit that begins at text[at], inside a word that ends at `end`, ends: the word itself, but of scripts that
/// are written without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese, Tibetan) one character, and of a run too
/// long for a word of any language, too.
size_t unit_end(std::string_view text, size_t at, size_t end);

/// Normalises as normalize_for_dedup and says where each word ends in `out`. Characters that need no care (ASCII, Latin-1,
/// Hangul, kana, Han, common signs) go by tables; a word with any other goes through ICU.
void normalize_words(std::string_view text, std::string& out, std::vector<uint32_t>& word_ends);

}  // namespace malmoi::data
