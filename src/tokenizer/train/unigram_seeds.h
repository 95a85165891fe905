// The pieces that unigram training begins with: every character, and the substrings that cover most text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tokenizer/train/word_counts.h"

namespace malmoi::tokenizer {

/// What stands behind a word somewhere in the texts; bits.
enum Behind : uint8_t { kBehindWord = 1, kBehindEnd = 2, kBehindUnknown = 4 };

/// Words, and for each of them what stands behind it: another word, the end of a text, a character that has no piece.
struct FollowedWords {
  WordList words;
  std::vector<uint8_t> behind;
};

/// Counting keeps the words that end a text apart, by this byte, which no text has.
constexpr char kTextEnd = '\xFF';
/// Joins the counts of words with and without kTextEnd. Sorted by bytes.
FollowedWords join_text_ends(const WordList& counted);

struct SeedOptions {
  size_t max_length = 16;     // code points
  size_t count = 1'000'000;   // substrings of two characters or more
  bool split_digits = false;  // a digit is only ever alone
};

struct Seed {
  std::string text;
  uint64_t score;  // occurrences (with the words' counts) times code points
};

/// The substrings that SentencePiece (0.2.3) begins with: those behind which not always the same byte stands (of another
/// character, another word's mark, the end of a text, a character without a piece), found as the inner nodes of a sorted
/// array of all suffixes. A longer piece says as much as one that is always followed by the same; a word that another one
/// always follows is none, too. A piece has one script (kana count as Han) and the mark of a word only at its beginning.
/// Sorted by score, then text; characters are not among them.
std::vector<Seed> find_seeds(const FollowedWords& followed, const SeedOptions& options);

/// Whether a text of two characters or more may be a piece.
bool may_be_piece(std::string_view text, const SeedOptions& options);

}  // namespace malmoi::tokenizer
