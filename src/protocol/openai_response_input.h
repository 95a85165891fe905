// The conversation of a request to the Responses API.
#pragma once

#include <vector>

#include "chat/message.h"
#include "protocol/fields.h"

namespace malmoi::protocol {

/// Reads `instructions` and `input`: a text, or a list of messages, thoughts, calls and their outputs. What an assistant
/// thought, said and called one behind another is one message. Errors stay in `fields`: no input, what is not text, other
/// items, an output of a call that no item before it has.
std::vector<chat::Message> read_response_input(Fields& fields);

}  // namespace malmoi::protocol
