// The native /tokenize and /detokenize: a text's tokens as they are, and the way back.
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "chat/tokenize.h"

namespace malmoi::protocol {

/// The text is `content` (or `prompt`).
Result<chat::TokenizeRequest> parse_tokenize(const Json& body);

/// {"tokens": [ids], "count": n}; with pieces {"tokens": [{"id", "piece", "text", "bytes", "special"}], "count": n}.
Json print_tokenized(const std::vector<chat::TokenPiece>& tokens, bool with_pieces);

struct DetokenizeRequest {
  std::vector<int32_t> ids;  // `tokens`
};
Result<DetokenizeRequest> parse_detokenize(const Json& body);

}  // namespace malmoi::protocol
