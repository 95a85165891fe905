// The tools of a request in Anthropic's form.
#pragma once

#include "chat/tool_use.h"
#include "protocol/fields.h"

namespace malmoi::protocol {

/// Reads `tools` and `tool_choice`. `strict` asks for nothing more: the input of a call that must be made is always of its
/// `input_schema`. Errors stay in `fields`: tools that have a type of their own (they run at Anthropic's, or are known to its
/// models alone), what FunctionList does not take, a choice of what is not offered.
chat::ToolUse read_anthropic_tools(Fields& fields);

}  // namespace malmoi::protocol
