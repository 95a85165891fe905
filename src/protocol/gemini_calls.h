// What Google's API answers without generating: its models, and how many tokens a request has.
#pragma once

#include "protocol/call.h"

namespace malmoi::protocol {

Reply list_gemini_models(const Json& body, const Address& address, const chat::Provider& provider);
Reply show_gemini_model(const Json& body, const Address& address, const chat::Provider& provider);

/// The tokens of `contents`, or of a whole `generateContentRequest`, as the model would read them: with what its template puts
/// around them.
Reply count_gemini_tokens(const Json& body, const Address& address, const chat::Provider& provider);

}  // namespace malmoi::protocol
