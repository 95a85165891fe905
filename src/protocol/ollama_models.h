// Ollama's lists of models: what it has, what is loaded, what is known of one.
#pragma once

#include "protocol/call.h"

namespace malmoi::protocol {

/// GET /api/tags: the models served, by names with a tag, as Ollama has them. What is not known is empty, or 0.
Reply list_ollama_models(const Json& body, const Address& address, const chat::Provider& provider);
/// GET /api/ps: those of them that are loaded.
Reply list_loaded_ollama_models(const Json& body, const Address& address, const chat::Provider& provider);
/// POST /api/show: {"model": NAME} -> architecture, context length, capabilities, sampling defaults.
Reply show_ollama_model(const Json& body, const Address& address, const chat::Provider& provider);
/// GET /api/version: of the API, since clients look by it for what they may ask for.
Reply ollama_version(const Json& body, const Address& address, const chat::Provider& provider);

}  // namespace malmoi::protocol
