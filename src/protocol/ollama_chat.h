// Ollama's /api/chat.
#pragma once

#include "protocol/text_protocol.h"

namespace malmoi::protocol {

/// Without messages, which is how clients have a model loaded, it is answered at once.
extern const TextProtocol kOllamaChat;

}  // namespace malmoi::protocol
