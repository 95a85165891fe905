// How many tokens a conversation has as its model would read it.
#pragma once

#include <cstddef>
#include <variant>

#include "chat/provider.h"
#include "protocol/api_error.h"
#include "protocol/text_protocol.h"

namespace malmoi::protocol {

/// Counts the tokens of the request's only prompt, with what the chat template writes. Errors: a model that is not there, what
/// the provider refuses, a provider without a tokenizer.
std::variant<size_t, ApiError> count_prompt(TextRequest request, const chat::Provider& provider);

}  // namespace malmoi::protocol
