// A text's tokens as they are, and the way back: what is asked of a provider that has a tokenizer.
#pragma once

#include <cstdint>
#include <string>

namespace malmoi::chat {

struct TokenizeRequest {
  std::string text;
  bool add_special = false;   // what the tokenizer puts around a text
  bool parse_special = true;  // special tokens written in the text are recognised
  bool with_pieces = false;   // each token with its piece and bytes
};

struct TokenPiece {
  int32_t id = 0;
  std::string piece;  // as the vocabulary spells it
  std::string bytes;  // that it stands for
  bool special = false;
};

}  // namespace malmoi::chat
