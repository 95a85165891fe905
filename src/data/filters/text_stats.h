// What the quality filters count: words, lines, paragraphs, and repeated pieces of a text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace malmoi::data {

/// A word or a mark. A word is a run of letters, digits and combining marks, with inner apostrophes, hyphens and points
/// between letters or digits (don't, well-known, 3.5); every other character that is not white space is a mark.
struct Token {
  std::string_view text;
  uint32_t length = 0;  // code points
  bool word = false;    // not a mark
  bool alpha = false;   // has a letter
};

std::vector<Token> split_tokens(std::string_view text);

/// Lines without their breaks; a last empty line does not count.
std::vector<std::string_view> split_lines(std::string_view text);
/// Pieces between empty lines, without the white space around the text.
std::vector<std::string_view> split_paragraphs(std::string_view text);
std::string_view trim(std::string_view text);
/// ASCII letters lower-cased; the rest as it is.
std::string ascii_lower(std::string_view text);
/// Whether the text ends with a sentence's punctuation: . ! ? " ' and their East Asian, Arabic and Indic kin, and closing
/// quotation marks and brackets after them.
bool ends_sentence(std::string_view line);

struct Repeats {
  uint64_t pieces = 0, characters = 0;  // that stood before; characters are code points
};
/// Pieces that stand earlier in the list.
Repeats count_repeats(const std::vector<std::string_view>& pieces);
/// Characters in word n-grams that stand earlier; counted ones do not overlap.
uint64_t repeated_ngram_characters(const std::vector<Token>& tokens, size_t n);
/// Characters of the most frequent word n-gram, times its count; of equals the first that was met.
uint64_t top_ngram_characters(const std::vector<Token>& tokens, size_t n);

}  // namespace malmoi::data
