// The conversation of a request in OpenAI's form.
#pragma once

#include <vector>

#include "chat/message.h"
#include "protocol/fields.h"

namespace malmoi::protocol {

/// Reads `messages`: texts of system, developer, user and assistant, calls and thoughts of the assistant, results of tools.
/// Errors stay in `fields`: none, what is not text, a result of a call that no message before it has.
std::vector<chat::Message> read_messages(Fields& fields);

}  // namespace malmoi::protocol
