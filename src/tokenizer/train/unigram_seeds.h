// The pieces that unigram training begins with: every character, and the substrings that cover most text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tokenizer/train/word_counts.h"

namespace malmoi::tokenizer {

struct SeedOptions {
  size_t max_length = 16;     // code points
  size_t count = 1'000'000;   // substrings of two characters or more
  bool split_digits = false;  // a digit is only ever alone
};

struct Seed {
  std::string text;
  uint64_t score;  // occurrences (with the words' counts) times code points
};

/// Substrings that come at least twice (in one word only: five times) and cannot be made longer to the right without losing an occurrence, found as the
/// inner nodes of a sorted array of all suffixes (cut at max_length). As in SentencePiece, a piece has one script (kana
/// count as Han) and the mark of a word only at its beginning. Sorted by score, then text; characters are not among them.
std::vector<Seed> find_seeds(const WordList& words, const SeedOptions& options);

/// Whether a text of two characters or more may be a piece.
bool may_be_piece(std::string_view text, const SeedOptions& options);

}  // namespace malmoi::tokenizer
