// Ollama's embeddings: texts as vectors, by its two paths.
#pragma once

#include "protocol/call.h"

namespace malmoi::protocol {

/// POST /api/embed: {"model", "input": TEXT or [TEXTS], "dimensions", "options"} -> {"model", "embeddings", "total_duration",
/// "load_duration", "prompt_eval_count"}. Without a text there are no vectors: only the model is loaded.
Reply create_ollama_embeddings(const Json& body, const Address& address, const chat::Provider& provider);

/// POST /api/embeddings, the older path: {"model", "prompt", "options"} -> {"embedding"}, empty without a text; beside it
/// "prompt_eval_count", as above.
Reply create_ollama_embedding(const Json& body, const Address& address, const chat::Provider& provider);

}  // namespace malmoi::protocol
