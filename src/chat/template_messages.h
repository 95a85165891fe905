// Messages and whatever else a conversation says as the JSON that templates read.
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "chat/chat_template.h"
#include "chat/message.h"
#include "chat/typed_tokens.h"

namespace malmoi::chat {

/// Marks special tokens in whatever the request brings: texts of messages, tools, variables, and keys, which templates print.
void mark_typed(const TypedTokens& tokens, Json& value);

/// As a template has it. `text_arguments`: those of calls as the text that they came in, for templates that join them to others;
/// else as the JSON that they are, where they are any.
Json message_json(const Message& message, bool text_arguments = false);

/// Tools and variables by their names. Errors: options that are no JSON, variables that are no object.
Result<Json> template_variables(const RenderOptions& options);

}  // namespace malmoi::chat
