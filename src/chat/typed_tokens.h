// Special tokens that somebody typed, told apart from those that a template writes.
//
// Before a template sees a text, each special token in it is put between two marks; after it, the marks go and what is still
// between a pair is known to be typed. A template that cuts a text leaves a mark alone, which goes, too. The marks are
// noncharacters of Unicode (U+FDD0, U+FDD1), which no text to be exchanged holds; those that one holds (U+FDD0 to U+FDDF) are
// dropped first.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace malmoi::chat {

/// Where a message that is to be continued ends: U+FDD2.
inline constexpr std::string_view kContinuationMark = "\xEF\xB7\x92";

/// Immutable.
class TypedTokens {
 public:
  explicit TypedTokens(std::vector<std::string> special_tokens);

  std::string marked(std::string_view text) const;

  struct Unmarked {
    std::string text;
    std::vector<std::pair<size_t, size_t>> typed;  // bytes [begin, end) of tokens that were marked
  };
  Unmarked unmarked(std::string_view text) const;

  /// The special token that a text begins with, the longest one; empty where there is none.
  std::string_view at_beginning(std::string_view text) const;

 private:
  std::vector<std::string> tokens_;  // the longest first
  std::string first_bytes_;          // that they begin with: most texts hold few of these
};

}  // namespace malmoi::chat
