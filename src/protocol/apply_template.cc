#include "protocol/apply_template.h"

#include <utility>

#include "protocol/model_names.h"
#include "protocol/openai_chat.h"

namespace malmoi::protocol {

Reply apply_template(const Json& body, const Address& address, const chat::Provider& provider) {
  auto read = kOpenAiChat.read(body, address, {});
  if (!read.ok()) return to_api_error(read.error());
  if (!find_model(read->options.model, provider)) return no_such_model(read->options.model, provider.models());
  chat::GenerationRequest request = read->options;  // what is about the response alone stays behind
  request.prompt = std::move(read->prompts.front());
  auto prompt = provider.render(std::move(request));
  if (!prompt.ok()) return to_api_error(prompt.error());
  return Json{{"prompt", *std::move(prompt)}};
}

}  // namespace malmoi::protocol
