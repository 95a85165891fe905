// What of a text its tokens stand for: for figures by the byte, and to say what a vocabulary cannot spell.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace malmoi::tokenizer {

struct Coverage {
  std::vector<int32_t> ids;     // of the text alone
  std::vector<uint32_t> bytes;  // of the text that each id stands for: its characters and the white space before them
  uint64_t characters = 0;      // of the text
  /// Characters that no id stands for (a tokenizer without an unknown token leaves them out), or the unknown one.
  uint64_t unknown = 0;
  std::string examples;  // the first few of these
};

/// The bytes of all ids add up to the text's, but for what no id stands for. Of a text of more than 1 GiB, the first GiB;
/// of one that the tokenizer truncates, what is left.
Coverage cover(const Tokenizer& tokenizer, std::string_view text, bool parse_special = false);

/// Whether every text can be spelled, byte by byte at the worst: then nothing is ever unknown.
bool spells_every_byte(const Tokenizer& tokenizer);

}  // namespace malmoi::tokenizer
