#include "protocol/count_prompt.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "protocol/model_names.h"

namespace malmoi::protocol {

std::variant<size_t, ApiError> count_prompt(TextRequest request, const chat::Provider& provider) {
  if (!find_model(request.options.model, provider)) return no_such_model(request.options.model, provider.models());
  chat::GenerationRequest asked = std::move(request.options);  // what is about the response alone stays behind
  asked.prompt = std::move(request.prompts.front());
  const auto prepared = provider.prepare(std::move(asked));
  if (!prepared.ok()) return to_api_error(prepared.error());
  const auto* ids = std::get_if<std::vector<int32_t>>(&prepared->prompt);
  if (ids) return ids->size();
  return to_api_error(unsupported("the tokenizer of this model is not here, so that its tokens cannot be counted", "",
                                  "use a model that runs on this machine"));
}

}  // namespace malmoi::protocol
