// Requests as texts, and what printers print, for the tests of protocols.
#pragma once

#include <string>

#include "protocol/anthropic_messages.h"
#include "protocol/openai_chat.h"
#include "protocol/openai_completions.h"
#include "protocol/openai_responses.h"

namespace malmoi::protocol {

/// A body as a protocol reads it.
inline Result<TextRequest> read(const TextProtocol& protocol, const std::string& body, const Address& address = {}) {
  MALMOI_ASSIGN(Json json, parse_body(body));
  return protocol.read(json, address, {});
}

inline Result<TextRequest> completion(const std::string& body) { return read(kOpenAiCompletions, body); }

inline Result<TextRequest> chat(const std::string& body) { return read(kOpenAiChat, body); }

inline Result<TextRequest> response(const std::string& body) { return read(kOpenAiResponses, body); }

/// The conversation of a request.
inline const std::vector<chat::Message>& messages_of(const TextRequest& request) {
  return std::get<std::vector<chat::Message>>(request.prompts.at(0));
}

/// The body of a chat of one message, with more fields.
inline std::string with(const std::string& more) {
  return R"({"messages":[{"role":"user","content":"안녕"}],)" + more + "}";
}

/// A printer of a response called `ID`, of the model `m`, made at second 5.
inline std::unique_ptr<Printer> printer_of(const TextProtocol& protocol, const GenerationOptions& options = {},
                                           size_t answers = 1) {
  return protocol.printer({.id = "ID", .model = "m", .created = 5}, options, answers);
}

}  // namespace malmoi::protocol
