// OpenAI's /v1/responses.
#pragma once

#include "protocol/text_protocol.h"

namespace malmoi::protocol {

/// One answer a request; nothing is stored, so that what refers to a response before it is refused by name, as are images,
/// files, tools that the API's own servers run, and controls of reasoning. Extensions are those of chats.
extern const TextProtocol kOpenAiResponses;

}  // namespace malmoi::protocol
