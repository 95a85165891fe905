// SentencePiece's .model files as tokenizers that give what sentencepiece gives.
#pragma once

#include "tokenizer/import/sentencepiece_proto.h"
#include "tokenizer/parts.h"

namespace malmoi::tokenizer {

/// A tokenizer of a parsed model. Special tokens in the text are the control pieces and the unknown piece;
/// `add_special` puts <s> and </s> around, where they exist.
Result<Tokenizer> sentencepiece_tokenizer(const SentencePieceModel& model, std::string_view where);
Result<std::unique_ptr<Tokenizer::Parts>> sentencepiece_parts(const SentencePieceModel& model, std::string_view where);
/// From a file.
Result<Tokenizer> load_sentencepiece(const Path& file, Compat compat);

/// The model that the pieces make: unigram, BPE, characters or words.
Result<std::unique_ptr<Model>> sentencepiece_model(const SentencePieceModel& model, std::string_view where);

/// `Replace U+2581 by a space, ByteFallback, Fuse, Strip`: the decoder of tokenizer.json that comes closest.
Result<std::unique_ptr<Decoder>> sentencepiece_json_decoder(bool strip_first);

/// Finds only the given tokens, and only where special tokens are looked for.
class ControlSplitter final : public SectionSplitter {
 public:
  explicit ControlSplitter(AddedTokens tokens) : tokens_(std::move(tokens)) { tokens_.build(nullptr); }
  void split(std::string_view text, bool parse_special, std::vector<Piece>& sections) const override;

 private:
  AddedTokens tokens_;
};

}  // namespace malmoi::tokenizer
