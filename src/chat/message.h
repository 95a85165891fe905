// One turn of a conversation: who says what.
#pragma once

#include <string>

namespace malmoi::chat {

struct Message {
  std::string role;  // system, developer, user, assistant
  std::string content;
};

}  // namespace malmoi::chat
