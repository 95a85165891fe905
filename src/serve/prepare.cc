#include "serve/prepare.h"

#include <fmt/format.h>

#include <optional>
#include <random>
#include <utility>

#include "protocol/model_names.h"

namespace malmoi::serve {
namespace {

using protocol::ApiError;

uint64_t random_seed() { return std::random_device{}() | uint64_t{std::random_device{}()} << 32; }

// Adds the request of one prompt, for `n` answers.
std::optional<ApiError> add_request(Prepared& out, const chat::Provider& provider, chat::Prompt prompt,
                                    const char* field, const std::string& echo) {
  chat::GenerationRequest request = out.options;  // what is about the response alone stays behind
  request.prompt = std::move(prompt);
  request.logprobs = request.logprobs || out.options.best > 0;  // by which they are compared
  if (!out.options.seeded) request.sampling.seed = random_seed();
  auto prepared = provider.prepare(std::move(request));
  if (!prepared.ok()) return protocol::to_api_error(prepared.error());
  const auto* ids = std::get_if<std::vector<int32_t>>(&prepared->prompt);
  auto length = ids ? static_cast<int64_t>(ids->size()) : 0, context = provider.info().context_length;
  if (length >= context)
    return ApiError{
        .message = fmt::format(
            "the prompt has {} tokens, and the model's context of {} must hold the answer too; shorten the prompt",
            length, context),
        .param = field,
        .code = "context_length_exceeded"};
  out.requests.push_back(*std::move(prepared));
  out.echoes.insert(out.echoes.end(), static_cast<size_t>(out.options.n), echo);
  return {};
}

// The text of a prompt that is given as text or ids.
Result<std::string> text_of(const chat::Prompt& prompt, const chat::Provider& provider) {
  if (const auto* text = std::get_if<std::string>(&prompt)) return *text;
  return provider.detokenize(std::get<std::vector<int32_t>>(prompt));
}

}  // namespace

Preparation prepare(const Json& body, const protocol::Address& address, const protocol::TextProtocol& protocol,
                    const chat::Provider& provider) {
  auto request = protocol.read(body, address, provider.info().defaults);
  if (!request.ok()) return protocol::to_api_error(request.error());
  Prepared out{.options = std::move(request->options)};
  if (!protocol::find_model(out.options.model, provider))
    return protocol::no_such_model(out.options.model, provider.models());
  if (const int64_t context = provider.info().context_length; request->context > context)
    return protocol::context_too_short(request->context, context, request->context_field);
  for (chat::Prompt& prompt : request->prompts) {
    std::string echo;
    if (request->echo) {
      auto text = text_of(prompt, provider);
      if (!text.ok()) return protocol::to_api_error(text.error());
      echo = *std::move(text);
    }
    if (auto error = add_request(out, provider, std::move(prompt), request->prompt_field, echo)) return *error;
  }
  return out;
}

}  // namespace malmoi::serve
