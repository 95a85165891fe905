// The conversation of a request in Anthropic's form.
#pragma once

#include <vector>

#include "chat/message.h"
#include "protocol/fields.h"

namespace malmoi::protocol {

/// Reads `system` and `messages`: texts, thoughts and calls of the assistant, results of tools. Blocks of text within a
/// message are one text; neighbours of the same role are one turn, with an empty line between their texts. Thoughts that only
/// their own model can read (`redacted_thinking`) are passed over. Errors stay in `fields`: none, what is not text, a result
/// of a call that no message before it has.
std::vector<chat::Message> read_anthropic_conversation(Fields& fields);

}  // namespace malmoi::protocol
