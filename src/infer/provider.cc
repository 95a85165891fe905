#include "infer/provider.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "chat/conversation.h"
#include "infer/infill.h"
#include "infer/prompt.h"
#include "infer/token_pieces.h"

namespace malmoi::infer {

EngineProvider::EngineProvider(Engine& engine, const tokenizer::Tokenizer& tokenizer, EngineProviderOptions options)
    : engine_(&engine), tokenizer_(&tokenizer), options_(std::move(options)) {
  options_.model.context_length = engine.context_length();
  options_.embedding.context_length = options_.model.context_length;
  embedder_ = std::make_unique<Embedder>(engine.model(), tokenizer, options_.embedding);
  attention_ = std::make_unique<AttentionView>(engine.model(), tokenizer, options_.stop_ids);
  options_.model.architecture = engine.model().model_type();
  options_.model.parameters = engine.model().parameter_count();
  options_.model.takes_tools = options_.chat_template.takes_tools();
  options_.model.thinks = options_.chat_template.thinks();
}

std::vector<int32_t> EngineProvider::ids_of(std::string_view text, bool parse_special) const {
  return prompt_ids(engine_->model(), *tokenizer_, options_.stop_ids, text, parse_special);
}

std::vector<chat::ModelInfo> EngineProvider::models() const {
  std::vector<chat::ModelInfo> models{options_.model};
  for (const std::string& name : options_.adapters) {
    models.push_back(options_.model);
    models.back().name = name;
  }
  return models;
}

// The model itself is none of its adapters.
Result<int32_t> EngineProvider::adapter_of(const std::string& name) const {
  if (name.empty() || name == options_.model.name) return -1;
  auto found = std::ranges::find(options_.adapters, name);
  if (found != options_.adapters.end()) return static_cast<int32_t>(found - options_.adapters.begin());
  return usage_error("there is no model '" + name + "'", "model", "use '" + options_.model.name + "'");
}

Result<chat::GenerationRequest> EngineProvider::prepare(chat::GenerationRequest request) const {
  if (std::holds_alternative<std::vector<chat::Message>>(request.prompt)) {
    MALMOI_ASSIGN(chat::RenderedChat rendered, chat::begin_answer(options_.chat_template, request));
    request.end_ids = end_of_turn_ids(*tokenizer_, rendered);
    request.prompt = chat_ids(engine_->model(), *tokenizer_, options_.stop_ids, rendered);
  } else if (const auto* text = std::get_if<std::string>(&request.prompt)) {
    request.prompt = ids_of(*text, true);
  } else if (const auto* gap = std::get_if<chat::Gap>(&request.prompt)) {
    MALMOI_TRY(check_continues(engine_->model()));
    MALMOI_ASSIGN(InfillPrompt infill, infill_prompt(*tokenizer_, *gap));
    request.prompt = std::move(infill.ids);
    request.end_ids = std::move(infill.end_ids);
  }
  if (request.constraint) MALMOI_TRY(engine_->prepare(*request.constraint));
  return request;
}

Status EngineProvider::generate(chat::GenerationRequest request, chat::TokenSink sink) {
  MALMOI_ASSIGN(request, prepare(std::move(request)));
  Request asked;
  asked.prompt = std::get<std::vector<int32_t>>(std::move(request.prompt));
  asked.max_tokens = request.max_tokens.value_or(engine_->context_length());
  asked.sampling = std::move(request.sampling);
  if (!request.ignore_eos) {
    asked.stop_ids = options_.stop_ids;
    asked.stop_ids.insert(asked.stop_ids.end(), request.end_ids.begin(), request.end_ids.end());
  }
  asked.top_probabilities = request.top_logprobs;
  asked.prompt_probabilities = request.prompt_logprobs;
  MALMOI_ASSIGN(asked.adapter, adapter_of(request.model));
  asked.client = request.client;
  asked.cancel = std::move(request.cancel);
  asked.answers = request.n;
  asked.stop = std::move(request.stop);
  asked.trim_start = request.trim_start;
  if (request.form.family) asked.spelled_ids = mark_ids(*tokenizer_, *request.form.family);
  asked.constraint = std::move(request.constraint);
  return engine_->submit(std::move(asked), std::move(sink));
}

chat::ProviderStats EngineProvider::stats() const {
  EngineStats stats = engine_->stats();
  return {.running = stats.running,
          .waiting = stats.waiting,
          .prompt_tokens = stats.prompt_tokens,
          .generated_tokens = stats.generated_tokens,
          .cached_tokens = stats.cached_tokens,
          .draft_tokens = stats.draft_tokens,
          .accepted_draft_tokens = stats.accepted_draft_tokens,
          .state_bytes = stats.state_bytes,
          .state_budget = stats.state_budget};
}

Result<std::vector<chat::TokenPiece>> EngineProvider::tokenize(const chat::TokenizeRequest& request) const {
  return token_pieces(*tokenizer_, request);
}

Result<std::string> EngineProvider::detokenize(std::span<const int32_t> ids) const { return tokenizer_->decode(ids); }

Result<std::string> EngineProvider::render(chat::GenerationRequest request) const {
  MALMOI_ASSIGN(chat::RenderedChat rendered, chat::begin_answer(options_.chat_template, request));
  return std::move(rendered.prompt);
}

// A pass between two steps of the engine.
Status EngineProvider::run(std::function<void()> pass) const {
  MALMOI_TRY(engine_->run(std::move(pass)));
  return health();  // or weights were read as zeros
}

Result<chat::Embeddings> EngineProvider::embed(const chat::EmbeddingRequest& request) const {
  MALMOI_TRY(health());
  MALMOI_ASSIGN(const int32_t adapter, adapter_of(request.model));
  return embedder_->embed(request, adapter, [this](std::function<void()> pass) { return run(std::move(pass)); });
}

Result<chat::Attention> EngineProvider::attention(const chat::AttentionRequest& request) const {
  MALMOI_TRY(health());
  MALMOI_ASSIGN(const int32_t adapter, adapter_of(request.model));
  return attention_->show(request, adapter, [this](std::function<void()> pass) { return run(std::move(pass)); });
}

}  // namespace malmoi::infer
