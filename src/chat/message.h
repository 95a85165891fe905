// One turn of a conversation: who says what.
#pragma once

#include <string>
#include <vector>

namespace malmoi::chat {

/// A call that an assistant asked for.
struct ToolCall {
  std::string id;         // by which its result names it; may be empty
  std::string name;       // of the function
  std::string arguments;  // a JSON object, as text
};

/// A part of a message that is more than one text.
struct ContentPart {
  std::string type;  // text, image ...
  std::string text;  // of type text
};

struct Message {
  std::string role;  // system, developer, user, assistant, tool
  std::string content;
  std::vector<ContentPart> parts = {};    // in place of content, where there are any
  std::string reasoning_content = {};     // what an assistant thought before its answer
  std::vector<ToolCall> tool_calls = {};  // of an assistant
  std::string tool_call_id = {};          // of a tool: the call that this is the result of
  std::string name = {};                  // of a tool, or of who speaks
};

}  // namespace malmoi::chat
