// SentencePiece's normalisation of a text: its character map, white space, and the mark of a word's beginning.
#pragma once

#include <string>
#include <vector>

#include "tokenizer/import/prefix_matcher.h"
#include "tokenizer/pipeline/charsmap.h"
#include "tokenizer/pipeline/normalizer.h"
#include "tokenizer/pipeline/word_normalizer.h"

namespace malmoi::tokenizer {

struct SentencePieceNormalization {
  Charsmap charsmap;           // the longest key at each place is replaced
  PrefixMatcher user_defined;  // texts that come through as they are
  /// llama.cpp's "t5": whatever begins like a user-defined text comes through, as far as it does (its rule, not ours).
  bool partial_user_defined = false;
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;
  bool escape_whitespaces = true;     // a space becomes U+2581
  bool whitespace_as_suffix = false;  // the mark stands at the end of words
};

/// sentencepiece's Normalizer::Normalize (src/normalizer.cc): a section at a time. Bytes that are not UTF-8 become U+FFFD
/// one by one.
class SentencePieceNormalizer : public Normalizer, public WordNormalizer {
 public:
  explicit SentencePieceNormalizer(SentencePieceNormalization rules);
  void normalize(NormalizedText& text) const override;
  /// Where words begin with the mark, and no rule looks over a space.
  bool usable() const override { return is_space(' '); }
  bool merges_spaces() const override { return rules_.remove_extra_whitespaces; }
  bool marks_first() const override { return rules_.add_dummy_prefix; }
  bool normalize_word(std::string_view word, std::string& out) const override;
  const Charsmap& charsmap() const { return rules_.charsmap; }
  /// As NFC, Precompiled, Replace and Prepend steps: the nearest that those can do. Where it differs (a character map is
  /// looked up by grapheme there, user-defined texts are normalised too), `check_exact_json` says so.
  Status write_json(std::string& out) const override;

 protected:
  struct Chunk {
    std::string_view text;  // what stands there now
    size_t consumed;        // bytes of the old text
  };
  Chunk next(std::string_view rest) const;
  void find_spaces();
  /// The end of the run of characters from `at` on that stay as they are, each by itself; spaces end it.
  size_t plain_end(std::string_view text, size_t at) const;
  /// Calls put(text, begin, end) for each part of what old bytes [begin, end) become, a space for a space. `after_space`:
  /// whether spaces at the beginning are dropped; set to whether they would be at the end. `skip_plain`: runs that no rule
  /// touches come as one part.
  template <typename Put>
  void rewrite(std::string_view old, size_t at, bool skip_plain, bool& after_space, Put&& put) const;
  /// Whether some rule could match from `rest`, the end of a word, over the space behind it.
  bool reaches_over(std::string_view rest) const;
  const SentencePieceNormalization& rules() const { return rules_; }

 private:
  SentencePieceNormalization rules_;
  // How a character fares. Calm: rules begin with it, but none goes on with ASCII, Chinese characters or Korean
  // syllables.
  enum class Fate : uint8_t { kLookedUp, kCalm, kPlain };
  Fate fate_of(char32_t c) const;
  std::vector<Fate> fates_;  // by code point, of the first plane
};

/// llama.cpp's normalisation for "t5" vocabularies (llm_tokenizer_ugm): as SentencePiece, but white space at the end of a
/// text is kept where the spaces are not merged, and a text of white space alone gets no mark.
class UgmNormalizer final : public SentencePieceNormalizer {
 public:
  using SentencePieceNormalizer::SentencePieceNormalizer;
  void normalize(NormalizedText& text) const override;
  bool usable() const override { return false; }
};

/// llama.cpp's for "llama" vocabularies: a space before the first text and after each special token, then every space
/// becomes U+2581.
class SpmNormalizer final : public Normalizer {
 public:
  explicit SpmNormalizer(bool add_space_prefix) : add_space_prefix_(add_space_prefix) {}
  void normalize(NormalizedText& text) const override;
  Status write_json(std::string& out) const override;

 private:
  bool add_space_prefix_;
};

}  // namespace malmoi::tokenizer
