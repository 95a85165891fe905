// Anthropic's /v1/messages and /v1/messages/count_tokens.
#pragma once

#include "protocol/call.h"
#include "protocol/text_protocol.h"

namespace malmoi::protocol {

/// Images, documents, tools that run at Anthropic's and what else the server cannot do are refused by name. `thinking` is
/// told to templates that leave the choice; its budget holds nobody. Beside Anthropic's fields stand those of read_sampling().
extern const TextProtocol kAnthropicMessages;

/// {"input_tokens"}: how many tokens the prompt of a conversation has. Errors: those of the conversation; a provider that
/// has no tokenizer.
Reply count_message_tokens(const Json& body, const Address& address, const chat::Provider& provider);

}  // namespace malmoi::protocol
