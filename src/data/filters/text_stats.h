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
/// Whether the text ends with a sentence's punctuation: . ! ? " ' and their East Asian, Arabic and Indic kin, and closing
/// quotation marks and brackets after them.
bool ends_sentence(std::string_view line);

struct Repeats {
  uint64_t pieces = 0, characters = 0;  // that stood before; characters are code points
};
/// Pieces that stand earlier in the list.
Repeats count_repeats(const std::vector<std::string_view>& pieces);
/// Word n-grams of one text; the tokens are hashed once for all n.
class NgramRepeats {
 public:
  explicit NgramRepeats(const std::vector<Token>& tokens);
  /// Characters in n-grams that stand earlier; counted ones do not overlap.
  uint64_t repeated_characters(size_t n);
  /// Characters of the most frequent n-gram, times its count; of equals the first that was met.
  uint64_t top_characters(size_t n);

 private:
  struct Slot {
    uint64_t hash = 0;  // 0: empty
    uint32_t count = 0, first = 0;
  };
  uint64_t hash_at(size_t at, size_t n) const;
  /// The slot of a hash in the table, empty or its own.
  Slot& slot_of(uint64_t hash);
  void clear();
  std::vector<uint64_t> words_;
  std::vector<uint64_t> ends_;  // code points before each token, and after the last
  std::vector<Slot> slots_;     // open addressing, a power of two
};

}  // namespace malmoi::data
