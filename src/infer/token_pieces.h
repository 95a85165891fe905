// The tokens of a text, as providers tell them.
#pragma once

#include <vector>

#include "chat/tokenize.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::infer {

inline chat::TokenPiece token_piece(const tokenizer::Tokenizer& tokenizer, int32_t id) {
  return {id, tokenizer.piece(id), tokenizer.token_bytes(id), tokenizer.is_special(id)};
}

inline std::vector<chat::TokenPiece> token_pieces(const tokenizer::Tokenizer& tokenizer,
                                                  const chat::TokenizeRequest& request) {
  std::vector<chat::TokenPiece> pieces;
  for (int32_t id : tokenizer.encode(request.text, {request.add_special, request.parse_special})) {
    if (request.with_pieces) pieces.push_back(token_piece(tokenizer, id));
    else pieces.push_back({.id = id});
  }
  return pieces;
}

}  // namespace malmoi::infer
