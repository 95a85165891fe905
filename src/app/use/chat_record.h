// A conversation as a JSON file, in the shape of OpenAI's requests, so that others read it and theirs are read.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "chat/message.h"

namespace malmoi::app {

struct ChatRecord {
  std::string model;                    // as it was asked for; may be empty
  std::vector<chat::Message> messages;  // system messages first
};

/// {"model": ..., "messages": [{"role": ..., "content": ...} ...]}; a message has `reasoning_content`, `tool_calls`,
/// `tool_call_id` and `name` where there are any.
Json to_json(const ChatRecord& record);

/// The same, or a list of messages alone. A "system" beside "messages" stands before them. Keys of no meaning here are
/// passed over. `where` names the file in errors: what is no conversation, a part of a message that is not text.
Result<ChatRecord> parse_chat_record(const Json& json, const std::string& where);
Result<ChatRecord> read_chat_record(const Path& file);

}  // namespace malmoi::app
