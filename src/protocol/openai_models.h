// OpenAI's and Anthropic's /v1/models: the models served.
#pragma once

#include "protocol/call.h"

namespace malmoi::protocol {

/// GET /v1/models: {"object": "list", "data": [...]}. The context length is called `max_model_len`, as other servers say it,
/// and `max_input_tokens`, as Anthropic's API does, whose other fields stand beside OpenAI's.
Reply list_models(const Json& body, const Address& address, const chat::Provider& provider);
/// GET /v1/models/NAME.
Reply show_model(const Json& body, const Address& address, const chat::Provider& provider);

}  // namespace malmoi::protocol
