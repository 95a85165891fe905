// OpenAI's API of embeddings: texts as vectors.
#pragma once

#include "protocol/call.h"

namespace malmoi::protocol {

/// POST /v1/embeddings. `input_type` (query, document) is an extension, by the name that other servers have for it.
Reply create_embeddings(const Json& body, const Address& address, const chat::Provider& provider);

}  // namespace malmoi::protocol
