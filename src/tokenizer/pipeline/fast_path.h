// Shorter ways from a text to its ids, for tokenizers whose components allow one: strategies beside the components, which do
// not know them.
//
// The whole way makes a normalised copy of a text, cuts that into a list of pieces, and gives each to the model. Two kinds of
// tokenizer need none of that:
//
//   CutPath (GPT-2, Llama 3, tiktoken ...): one pattern cuts the text and the model takes what is cut. "it's 10 km" is walked
//   once: the pattern says where the word at hand ends ("it" at 2, "'s" at 4, " 10" at 7, " km" at 10), the model looks each
//   up among the words it remembers and merges only those it has not seen.
//
//   WordPath (SentencePiece's unigram): each word means the same wherever it stands, so it is remembered as it was given, and
//   normalisation itself is left out. Of "Hello  world" the model takes "Hello" (one mark before it) and, behind two spaces that
//   its rules merge into one mark, "world"; the second time both come from memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "tokenizer/pattern/pattern.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::tokenizer {

class PreTokenizer;
class WordNormalizer;

/// A text between added tokens.
struct Section {
  std::string_view text;
  bool first = true;           // of the whole text
  bool after_special = false;  // an added token stands right before it
};

/// Immutable and thread-safe.
class FastPath {
 public:
  virtual ~FastPath() = default;
  /// Appends the ids of a section; false where this text needs the whole way (what was appended is then to be dropped).
  virtual bool encode(const Section& section, std::vector<int32_t>& ids) const = 0;
};

/// The way that the components of a tokenizer allow, or null. They must outlive it.
std::unique_ptr<FastPath> choose_fast_path(const Tokenizer::Parts& parts);

/// A pre-tokenizer that may do no more than cut by one pattern, and perhaps spell bytes.
class PatternCut {
 public:
  virtual ~PatternCut() = default;
  /// That pattern; null where the pre-tokenizer does more.
  virtual const CoveringPattern* only_pattern() const = 0;
  /// Whether it cuts nothing and leaves raw bytes.
  virtual bool only_spells() const { return false; }
};
/// Of any pre-tokenizer; null where it is none of these.
const CoveringPattern* only_pattern(const PreTokenizer* pre_tokenizer);

/// A model that takes a text and the pattern that cuts it: it can look ahead, and remembers words.
class CutEncoder {
 public:
  virtual ~CutEncoder() = default;
  /// Appends the same ids as Model::encode of each piece.
  virtual void encode_cut(std::string_view text, const CoveringPattern& pattern, std::vector<int32_t>& ids) const = 0;
};

/// A model that takes a text before it is normalised.
class WordEncoder {
 public:
  virtual ~WordEncoder() = default;
  /// Appends the ids of a text that is still to be normalised by `words`, from what is remembered of its words; false, and
  /// nothing appended, where this text needs to be normalised as a whole.
  virtual bool encode_by_words(std::string_view text, const WordNormalizer& words, std::vector<int32_t>& ids) const = 0;
};

}  // namespace malmoi::tokenizer
