// The conversation of a request in Ollama's form.
#pragma once

#include <vector>

#include "chat/message.h"
#include "protocol/fields.h"

namespace malmoi::protocol {

/// Reads `messages`: texts of system, user and assistant, calls (with arguments as an object) and thoughts of the assistant,
/// results of tools. Calls without an id are given one; a result without one is of the first call without a result, of the
/// function that `tool_name` names. None where there are none. Errors stay in `fields`: images, another role.
std::vector<chat::Message> read_ollama_messages(Fields& fields);

}  // namespace malmoi::protocol
