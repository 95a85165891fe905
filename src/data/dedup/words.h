// Text as duplicates are compared by: NFC, lower-cased, white space collapsed, in one pass over the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace malmoi::data {

/// The length of the white space character at text[at] (Unicode's White_Space, and U+001C-001F as Python has them); 0 if
/// another stands there.
size_t white_space_at(std::string_view text, size_t at);

/// Normalises as normalize_for_dedup and says where each word ends in `out`. Characters that need no care (ASCII, Latin-1,
/// Hangul, kana, Han, common signs) go by tables; a word with any other goes through ICU.
void normalize_words(std::string_view text, std::string& out, std::vector<uint32_t>& word_ends);

}  // namespace malmoi::data
