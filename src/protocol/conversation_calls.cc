#include "protocol/conversation_calls.h"

#include <fmt/format.h>

namespace malmoi::protocol {

void ConversationCalls::add(chat::ToolCall& call) {
  ++count_;
  if (call.id.empty()) {
    while (functions_.contains(fmt::format("call{:05}", count_))) ++count_;
    call.id = fmt::format("call{:05}", count_);
  }
  functions_[call.id] = call.name;
  closed_.erase(call.id);  // clients that count calls anew in each turn name several alike
  ids_.push_back(call.id);
  ids_of_[call.name].push_back(call.id);
}

const std::string* ConversationCalls::function_of(const std::string& id) const {
  const auto found = functions_.find(id);
  return found == functions_.end() ? nullptr : &found->second;
}

std::string ConversationCalls::first_open(const std::string& function) {
  Ids* ids = &ids_;
  if (!function.empty()) {
    const auto found = ids_of_.find(function);
    if (found == ids_of_.end()) return "";
    ids = &found->second;
  }
  while (!ids->empty() && closed_.contains(ids->front())) ids->pop_front();
  return ids->empty() ? "" : ids->front();
}

}  // namespace malmoi::protocol
