// Documents in the order in which they are near a question, in the shape of Jina's API.
#pragma once

#include "protocol/call.h"

namespace malmoi::protocol {

/// POST /v1/rerank. `relevance_score`: the cosine of the embeddings of question and document.
Reply rerank(const Json& body, const Address& address, const chat::Provider& provider);

}  // namespace malmoi::protocol
