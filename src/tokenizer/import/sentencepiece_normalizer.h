// SentencePiece's normalisation of a text: its character map, white space, and the mark of a word's beginning.
#pragma once

#include <string>
#include <vector>

#include "tokenizer/charsmap.h"
#include "tokenizer/import/prefix_matcher.h"
#include "tokenizer/normalizer.h"

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
class SentencePieceNormalizer : public Normalizer {
 public:
  explicit SentencePieceNormalizer(SentencePieceNormalization rules);
  void normalize(NormalizedText& text) const override;
  /// As Precompiled, Replace and Prepend steps, which give the same for what those steps can do: other bytes are left
  /// in NFD Korean (HF looks characters up by grapheme), and user-defined texts are normalised too.
  Status write_json(std::string& out) const override;

 protected:
  struct Chunk {
    std::string_view text;  // what stands there now
    size_t consumed;        // bytes of the old text
  };
  Chunk next(std::string_view rest) const;
  /// The end of the run of characters from `at` on that no rule touches; spaces end it.
  size_t plain_end(std::string_view text, size_t at) const;
  const SentencePieceNormalization& rules() const { return rules_; }

 private:
  SentencePieceNormalization rules_;
  std::vector<bool> plain_;  // by code point, of the first plane
};

/// llama.cpp's normalisation for "t5" vocabularies (llm_tokenizer_ugm): as SentencePiece, but white space at the end of a
/// text is kept where the spaces are not merged, and a text of white space alone gets no mark.
class UgmNormalizer final : public SentencePieceNormalizer {
 public:
  using SentencePieceNormalizer::SentencePieceNormalizer;
  void normalize(NormalizedText& text) const override;
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
