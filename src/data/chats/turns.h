// Lists of messages as data sets have them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "chat/message.h"

namespace malmoi::data {

struct Turns {
  std::vector<chat::Message> messages;
  std::vector<std::optional<bool>> learned;  // of each, where `weight` or `train` says so

  void add(chat::Message message, std::optional<bool> is_learned = {}) {
    messages.push_back(std::move(message));
    learned.push_back(is_learned);
  }
};

/// A list of messages or its JSON: {role, content} or ShareGPT's {from, value}. Contents are a text, parts of text, or, beside calls
/// or thoughts, nothing; arguments of calls are JSON or its text; thoughts stand under reasoning_content, thinking or reasoning. Errors,
/// with `where`: anything else.
Result<Turns> read_turns(const Json& cell, const std::string& column, const std::string& where);

/// `tools` as a JSON list of {"type": "function", "function": {...}}; empty: there are none. Errors: no list of objects.
Result<std::string> read_tools(const Json& cell, const std::string& where);

/// A value that is JSON in a text (tables have texts alone), or the value itself.
Json unfolded(const Json& cell);

}  // namespace malmoi::data
