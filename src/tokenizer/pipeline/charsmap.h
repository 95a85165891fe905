// SentencePiece's precompiled character map: a double-array trie of byte strings and what replaces them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace malmoi::tokenizer {

/// Immutable and thread-safe. Format: u32 length of the trie in bytes, trie (u32 little-endian), replacements ended by NUL.
class Charsmap {
 public:
  /// An empty blob maps nothing. Errors: a length beyond the blob, replacements that are not UTF-8.
  static Result<Charsmap> parse(std::string_view blob, std::string_view where);

  struct Match {
    size_t length;  // bytes of the key
    std::string_view replacement;
  };
  /// The shortest (Hugging Face's rule) or the longest (SentencePiece's) key that `text` begins with.
  std::optional<Match> shortest(std::string_view text) const { return find(text, false); }
  std::optional<Match> longest(std::string_view text) const { return find(text, true); }
  /// Where the way along a text ends.
  struct Path {
    bool alive;    // some key begins with the whole text, or is it
    bool met_key;  // some key lies on the way
    size_t place;  // of what may follow, where alive
  };
  Path follow(std::string_view text) const;
  /// Whether a key goes on with this byte.
  bool goes_on(const Path& path, unsigned char byte) const;
  /// Every key, in the order of their bytes.
  std::vector<std::string> keys() const;
  bool empty() const { return trie_.empty(); }
  const std::string& blob() const { return blob_; }

 private:
  std::optional<Match> find(std::string_view text, bool longest) const;
  std::string blob_;
  std::vector<uint32_t> trie_;
  std::string replacements_;
};

}  // namespace malmoi::tokenizer
