// The conversation of a request in the form of Google's API.
#pragma once

#include <vector>

#include "chat/message.h"
#include "protocol/fields.h"

namespace malmoi::protocol {

/// Reads `contents` and `systemInstruction`: texts, thoughts and calls of the model, results of functions. Contents of the model
/// that follow one another are one message, as clients send back what they received in pieces. A result belongs to the call of
/// its `id`, or without one to the first of its function that has none yet. Errors stay in `fields`: none, parts that are not
/// text, a result of no call before it.
std::vector<chat::Message> read_contents(Fields& fields);

}  // namespace malmoi::protocol
