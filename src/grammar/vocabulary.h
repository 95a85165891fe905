// The tokens of a tokenizer by the bytes that they stand for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "grammar/trie.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::grammar {

/// Made once for a tokenizer (a tenth of a second at 200,000 tokens) and shared by all grammars. Tokens without text are
/// not in it: special ones, the unknown one, ids that stand for nothing. Immutable; for any number of threads.
class Vocabulary {
 public:
  static std::shared_ptr<const Vocabulary> make(const tokenizer::Tokenizer& tokenizer);

  /// One more than the largest id.
  int32_t size() const { return static_cast<int32_t>(offsets_.size()) - 1; }
  /// The words of a mask: bit `id % 64` of word `id / 64` is a token's.
  size_t mask_words() const { return (static_cast<size_t>(size()) + 63) / 64; }
  /// Empty for a token without text, and for ids outside the vocabulary.
  std::string_view bytes(int32_t id) const;
  const Trie& trie() const { return trie_; }

 private:
  Vocabulary() = default;

  std::string text_;
  std::vector<size_t> offsets_;  // of ids in text_, and its end
  Trie trie_;
};

}  // namespace malmoi::grammar
