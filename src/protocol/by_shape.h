// What a body of OpenAI's APIs asks for where its path does not say it: hosting platforms have one path for everything.
#pragma once

#include <optional>
#include <variant>

#include "protocol/call.h"
#include "protocol/text_protocol.h"

namespace malmoi::protocol {

using Asked = std::variant<const TextProtocol*, Call>;

/// By the field that each must have: `messages` a chat, `prompt` a completion, `input` embeddings, `documents` a ranking. None:
/// it has none of them.
std::optional<Asked> by_shape(const Json& body);

/// What is told then; `place`: the field that is the body, if it is not the whole.
ApiError no_shape(const std::string& place = "");

}  // namespace malmoi::protocol
