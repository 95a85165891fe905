// The functions of a request in OpenAI's form.
#pragma once

#include "chat/tool_use.h"
#include "protocol/fields.h"

namespace malmoi::protocol {

/// Reads `tools`, `tool_choice` and `parallel_tool_calls`. `strict` of a function asks for nothing more: the arguments of a
/// call that must be made are always of `parameters`. Errors stay in `fields`: other tools than functions, a name that OpenAI's
/// API does not take or that stands there twice, parameters that are no object, a choice of what is not offered.
chat::ToolUse read_tools(Fields& fields);

/// The same of the Responses API, where a function's fields stand beside its `type`.
chat::ToolUse read_flat_tools(Fields& fields);

}  // namespace malmoi::protocol
