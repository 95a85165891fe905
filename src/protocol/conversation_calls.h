// The calls of a conversation, among which results find theirs: APIs name them by id, by function, or not at all.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>

#include "chat/message.h"

namespace malmoi::protocol {

/// Every question takes a time that grows with the logarithm of how many calls there are. One thread.
class ConversationCalls {
 public:
  /// Adds the next call of the conversation. One without an id is given one, as short as the templates that are the most
  /// particular take them: nine letters and digits.
  void add(chat::ToolCall& call);
  /// The function of a call; null: there is no such call.
  const std::string* function_of(const std::string& id) const;
  /// The id of the first call that has no result yet, of `function` unless that is empty; empty: there is none.
  std::string first_open(const std::string& function);
  /// The call has its result.
  void close(const std::string& id) { closed_.insert(id); }

 private:
  using Ids = std::deque<std::string>;

  int64_t count_ = 0;
  std::map<std::string, std::string> functions_;  // by the ids of their calls
  Ids ids_;                                       // of all calls, but for closed ones that were looked at
  std::map<std::string, Ids> ids_of_;             // the same by function
  std::set<std::string> closed_;
};

}  // namespace malmoi::protocol
