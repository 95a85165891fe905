// SentencePiece's word model: whole words, cut at the marks.
#pragma once

#include "tokenizer/import/sentencepiece_proto.h"
#include "tokenizer/models/model.h"

namespace malmoi::tokenizer {

Result<std::unique_ptr<Model>> make_sentencepiece_words(const SentencePieceModel& model, std::string_view where);

}  // namespace malmoi::tokenizer
