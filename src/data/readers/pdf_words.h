// Letters and words at the ends of lines, and what begins an item of a list.
#pragma once

#include <string_view>

namespace malmoi::data {

bool is_syllable(char32_t c);   // of Hangul
bool is_ideograph(char32_t c);  // written without spaces between words; kana too
bool is_lower(char32_t c);      // Latin, with accents
bool is_latin(char32_t c);

char32_t first_letter(std::string_view text);  // 0 of an empty text
char32_t last_letter(std::string_view text);
std::string_view first_word(std::string_view text);
std::string_view last_word(std::string_view text);

/// A Korean word by its last syllable: one that mostly ends a word, of two syllables or, where it ends other words too, of
/// three; or the end of a sentence.
bool ends_word(std::string_view word);

/// "• x", "- x", "1. x", "1) x", "(1) x", "가. x", "① x"; `before` is how the item before it began, if there was one: a line
/// may begin with the last syllable of a sentence, "다.", too.
bool is_item(std::string_view text, std::string_view before);

}  // namespace malmoi::data
