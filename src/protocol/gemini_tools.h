// The functions of a request in the form of Google's API.
#pragma once

#include "chat/tool_use.h"
#include "protocol/fields.h"

namespace malmoi::protocol {

/// Reads `tools` and `toolConfig`. Of several allowed functions the others are not offered. Errors stay in `fields`: other tools
/// than functions, what FunctionList refuses, a mode or a name that there is not.
chat::ToolUse read_declared_functions(Fields& fields);

}  // namespace malmoi::protocol
