#include "serve/prepare.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <random>
#include <utility>

#include "protocol/openai_chat.h"
#include "protocol/openai_completions.h"
#include "protocol/openai_models.h"

namespace malmoi::serve {
namespace {

using protocol::ApiError;

uint64_t random_seed() { return std::random_device{}() | uint64_t{std::random_device{}()} << 32; }

std::optional<ApiError> check_model(const std::string& name, const chat::Provider& provider) {
  const std::vector<chat::ModelInfo> models = provider.models();
  if (name.empty() || std::ranges::find(models, name, &chat::ModelInfo::name) != models.end()) return {};
  return protocol::no_such_model(name, models);
}

// Adds the request of one prompt, for `n` answers.
std::optional<ApiError> add_request(Prepared& out, const chat::Provider& provider, chat::Prompt prompt,
                                    const char* field, const std::string& echo) {
  chat::GenerationRequest request = out.options;  // what is about the response alone stays behind
  request.prompt = std::move(prompt);
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

Preparation prepare_completion(const std::string& body, const chat::Provider& provider) {
  auto json = protocol::parse_body(body);
  if (!json.ok()) return protocol::to_api_error(json.error());
  chat::ModelInfo model = provider.info();
  auto request = protocol::parse_completion(*json, model.defaults);
  if (!request.ok()) return protocol::to_api_error(request.error());
  Prepared out{.options = std::move(request->options)};
  if (auto error = check_model(out.options.model, provider)) return *error;
  for (chat::Prompt& prompt : request->prompts) {
    std::string echo;
    if (request->echo) {
      auto text = text_of(prompt, provider);
      if (!text.ok()) return protocol::to_api_error(text.error());
      echo = *std::move(text);
    }
    if (auto error = add_request(out, provider, std::move(prompt), "prompt", echo)) return *error;
  }
  return out;
}

Preparation prepare_chat(const std::string& body, const chat::Provider& provider) {
  auto json = protocol::parse_body(body);
  if (!json.ok()) return protocol::to_api_error(json.error());
  chat::ModelInfo model = provider.info();
  auto request = protocol::parse_chat(*json, model.defaults);
  if (!request.ok()) return protocol::to_api_error(request.error());
  Prepared out{.options = std::move(request->options)};
  if (auto error = check_model(out.options.model, provider)) return *error;
  if (auto error = add_request(out, provider, std::move(request->messages), "messages", "")) return *error;
  return out;
}

}  // namespace malmoi::serve
