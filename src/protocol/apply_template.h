// The text that a model would go on with to answer a conversation, as llama.cpp's server tells it.
#pragma once

#include "protocol/call.h"

namespace malmoi::protocol {

/// POST /apply-template: the body of a chat -> {"prompt"}.
Reply apply_template(const Json& body, const Address& address, const chat::Provider& provider);

}  // namespace malmoi::protocol
