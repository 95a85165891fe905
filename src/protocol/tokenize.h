// The native /tokenize and /detokenize: a text's tokens as they are, and the way back.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "protocol/generation.h"

namespace malmoi::protocol {

struct TokenizeRequest {
  std::string text;           // `content` (or `prompt`)
  bool add_special = false;   // what the tokenizer puts around a text
  bool parse_special = true;  // special tokens written in the text are recognised
  bool with_pieces = false;   // each token with its piece and bytes
};
Result<TokenizeRequest> parse_tokenize(const Json& body);

struct TokenPiece {
  int32_t id = 0;
  std::string piece;  // as the vocabulary spells it
  std::string bytes;  // that it stands for
  bool special = false;
};
/// {"tokens": [ids], "count": n}; with pieces {"tokens": [{"id", "piece", "text", "bytes", "special"}], "count": n}.
Json print_tokenized(const std::vector<TokenPiece>& tokens, bool with_pieces);

struct DetokenizeRequest {
  std::vector<int32_t> ids;  // `tokens`
};
Result<DetokenizeRequest> parse_detokenize(const Json& body);

}  // namespace malmoi::protocol
