// SentencePiece's way from ids back to text.
#pragma once

#include <string>
#include <vector>

#include "tokenizer/import/sentencepiece_proto.h"
#include "tokenizer/pipeline/charsmap.h"
#include "tokenizer/pipeline/decoder.h"

namespace malmoi::tokenizer {

/// SentencePieceProcessor::Decode (src/sentencepiece_processor.cc): control pieces vanish, the unknown piece has a surface
/// of its own, the first mark of a word is dropped where encoding put or stripped one, runs of byte pieces are read as
/// UTF-8 with one U+FFFD for each bad byte.
class SentencePieceDecoder final : public IdDecoder {
 public:
  SentencePieceDecoder(const SentencePieceModel& model, Charsmap denormalizer);
  std::string decode(std::span<const int32_t> ids, bool skip_special) const override;
  std::string token_bytes(int32_t id) const override;

 private:
  struct Entry {
    std::string text;  // with spaces for marks; of a byte piece the byte
    PieceKind kind;
  };
  const Entry* entry(int32_t id) const {
    return id >= 0 && static_cast<size_t>(id) < entries_.size() ? &entries_[static_cast<size_t>(id)] : nullptr;
  }
  std::vector<Entry> entries_;
  Charsmap denormalizer_;
  bool strips_first_, strips_all_;
};

}  // namespace malmoi::tokenizer
