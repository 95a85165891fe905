// The native /tokenize and /detokenize: a text's tokens as they are, and the way back.
#pragma once

#include "protocol/call.h"

namespace malmoi::protocol {

/// The text is `content` (or `prompt`). {"tokens": [ids], "count": n}; with `with_pieces`
/// {"tokens": [{"id", "piece", "text", "bytes", "special"}], "count": n}.
Reply tokenize(const Json& body, const Address& address, const chat::Provider& provider);

/// {"tokens": [ids]} to {"content": text}.
Reply detokenize(const Json& body, const Address& address, const chat::Provider& provider);

}  // namespace malmoi::protocol
