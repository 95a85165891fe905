// Requests as texts, what printers print and what calls tell, for the tests of protocols.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/anthropic_messages.h"
#include "protocol/call.h"
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

/// A token of an answer, as probable as not after sampling.
inline chat::TokenReport token(int32_t id, std::string bytes, double logprob) {
  return {.id = id, .bytes = std::move(bytes), .logprob = logprob, .chance = 0.5};
}

/// What a call tells that must not fail.
inline Json json_of(const Reply& reply) {
  const Json* json = std::get_if<Json>(&reply);
  EXPECT_TRUE(json) << std::get<ApiError>(reply).message;
  return json ? *json : Json();
}

}  // namespace malmoi::protocol
