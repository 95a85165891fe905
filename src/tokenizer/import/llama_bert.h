// llama.cpp's own reading of BERT vocabularies ("bert", llm_tokenizer_wpm), kept to reproduce it: it replaces each
// character by the first of its decomposition, which leaves Hangul its initial consonants alone.
#pragma once

#include "tokenizer/import/gguf_vocab.h"
#include "tokenizer/models/model.h"
#include "tokenizer/pipeline/normalizer.h"

namespace malmoi::tokenizer {

/// Words separated by single spaces: characters decomposed (first code point only), lower-cased, control characters and
/// accents dropped, punctuation and Chinese characters alone.
class LlamaBertNormalizer final : public Normalizer {
 public:
  LlamaBertNormalizer(bool lowercase, bool strip_accents) : lowercase_(lowercase), strip_accents_(strip_accents) {}
  void normalize(NormalizedText& text) const override;
  Status write_json(std::string& out) const override;

 private:
  bool lowercase_, strip_accents_;
};

/// Longest token first over U+2581 and the word; a word that cannot be spelled is one unknown token.
std::unique_ptr<Model> make_llama_wordpiece(GgufVocab vocab);

}  // namespace malmoi::tokenizer
