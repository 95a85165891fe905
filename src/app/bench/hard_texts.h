// Texts that take a bad tokenizer long: runs without an end of a word, and noise without a word in it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace malmoi::app {

struct HardText {
  std::string_view name;
  std::string text;
};

/// One letter, spaces, newlines, one Hangul syllable, random letters, Hangul, punctuation, digits, marks ...; `bytes` bytes
/// each, to the character.
std::vector<HardText> hard_texts(size_t bytes);

}  // namespace malmoi::app
