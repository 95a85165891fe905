// The lists that a conversation is made of: its messages, and the calls of one of them.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "chat/message.h"
#include "protocol/conversation_calls.h"
#include "protocol/fields.h"

namespace malmoi::protocol {

// Of one conversation; of the contents and items, too, that some APIs have in their place.
constexpr size_t kMaxMessages = 4096;
constexpr size_t kMaxCalls = 128;  // of one message

/// What reads one of a list; `place` is its own in errors (`messages[0]`).
using ReadMessage = std::function<Status(const Json& message, const std::string& place)>;
using ReadCall = Result<chat::ToolCall> (*)(const Json& call, const std::string& place);

/// Reads `messages`, one after another, by `read`. Errors stay in `fields`: what is no list of at most kMaxMessages, a list that
/// is missing or empty where it is `required`, and the first error of `read`, behind which nothing is read.
void read_message_list(Fields& fields, bool required, const ReadMessage& read);

/// Reads the `tool_calls` of a message by `read`, and adds them to those that are `known` of its conversation; none where there
/// are none. `prefix` stands before the field's name in errors (`messages[0].`), which stay in `fields`: what is no list of at
/// most kMaxCalls, and the first error of `read`.
std::vector<chat::ToolCall> read_call_list(Fields& fields, const std::string& prefix, ConversationCalls& known,
                                           ReadCall read);

}  // namespace malmoi::protocol
