#include "protocol/by_shape.h"

#include "protocol/openai_chat.h"
#include "protocol/openai_completions.h"
#include "protocol/openai_embeddings.h"
#include "protocol/rerank.h"

namespace malmoi::protocol {

std::optional<Asked> by_shape(const Json& body) {
  if (body.contains("messages")) return &kOpenAiChat;
  if (body.contains("prompt")) return &kOpenAiCompletions;
  if (body.contains("input")) return &create_embeddings;
  if (body.contains("documents")) return &rerank;
  return {};
}

ApiError no_shape(const std::string& place) {
  return {
      .message = "the body has none of 'messages', 'prompt', 'input' and 'documents'; send one of OpenAI's requests",
      .param = place};
}

}  // namespace malmoi::protocol
