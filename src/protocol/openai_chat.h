// OpenAI's /v1/chat/completions: parse requests, print responses and chunks.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "protocol/generation.h"

namespace malmoi::protocol {

struct ChatRequest {
  GenerationOptions options;
  std::vector<chat::Message> messages;  // at least one
};

/// Errors name the field. Images, audio, the older functions and reasoning controls are refused by name.
Result<ChatRequest> parse_chat(const Json& body, const chat::SamplingOptions& defaults);

Json print_chat(const ResponseHead& head, const std::vector<Answer>& answers, const chat::Usage& usage,
                const GenerationOptions& options);

/// Prints the pieces of a stream. The first chunk of each answer carries the role.
class ChatStream {
 public:
  ChatStream(ResponseHead head, const GenerationOptions& options) : head_(std::move(head)), options_(options) {}
  Json role_chunk(int64_t index) const;
  Json chunk(const Answer& piece) const;
  Json usage_chunk(const chat::Usage& usage) const;

 private:
  Json chunk_of(Json choice) const;
  ResponseHead head_;
  GenerationOptions options_;
};

}  // namespace malmoi::protocol
