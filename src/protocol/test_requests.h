// Requests as texts, for tests of how they are read.
#pragma once

#include <string>

#include "protocol/openai_chat.h"
#include "protocol/openai_completions.h"

namespace malmoi::protocol {

inline Result<CompletionRequest> completion(const std::string& body) {
  MALMOI_ASSIGN(Json json, parse_body(body));
  return parse_completion(json, {});
}

inline Result<ChatRequest> chat(const std::string& body) {
  MALMOI_ASSIGN(Json json, parse_body(body));
  return parse_chat(json, {});
}

/// The body of a chat of one message, with more fields.
inline std::string with(const std::string& more) {
  return R"({"messages":[{"role":"user","content":"안녕"}],)" + more + "}";
}

}  // namespace malmoi::protocol
