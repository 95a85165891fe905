// OpenAI's /v1/chat/completions.
#pragma once

#include "protocol/text_protocol.h"

namespace malmoi::protocol {

/// Images, audio, the older functions and reasoning controls are refused by name. The first chunk of each answer carries the
/// role.
extern const TextProtocol kOpenAiChat;

}  // namespace malmoi::protocol
