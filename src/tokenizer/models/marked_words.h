// Words that begin with the mark U+2581: where they end, and their marks as spaces.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace malmoi::tokenizer {

constexpr std::string_view kWordMark = "\xE2\x96\x81";  // U+2581

/// The marks that a text begins with, in bytes.
inline size_t leading_marks(std::string_view text) {
  size_t at = 0;
  while (text.substr(at).starts_with(kWordMark)) at += kWordMark.size();
  return at;
}

/// Whether marks stand at the beginning of a piece alone, so that it never reaches from one word into the next.
inline bool within_a_word(std::string_view piece) {
  return piece.find(kWordMark, leading_marks(piece)) == std::string_view::npos;
}

/// The end of the word at `begin`: its marks, and what follows up to the next one.
inline size_t marked_word_end(std::string_view text, size_t begin) {
  return std::min(text.find(kWordMark, begin + leading_marks(text.substr(begin))), text.size());
}

/// The text with a space for each mark.
inline std::string marks_to_spaces(std::string_view text) {
  std::string out;
  while (true) {
    const size_t at = text.find(kWordMark);
    out += text.substr(0, at);
    if (at == std::string_view::npos) return out;
    out += ' ';
    text.remove_prefix(at + kWordMark.size());
  }
}

}  // namespace malmoi::tokenizer
