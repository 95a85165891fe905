#include "chat/provider.h"

#include <utility>

namespace malmoi::chat {
namespace {

Error no_tokenizer() {
  return unsupported("the tokenizer of this model is not here", "", "use a model that runs on this machine");
}

}  // namespace

ProviderStats& operator+=(ProviderStats& sum, const ProviderStats& more) {
  sum.running += more.running;
  sum.waiting += more.waiting;
  sum.prompt_tokens += more.prompt_tokens;
  sum.generated_tokens += more.generated_tokens;
  sum.cached_tokens += more.cached_tokens;
  sum.draft_tokens += more.draft_tokens;
  sum.accepted_draft_tokens += more.accepted_draft_tokens;
  sum.state_bytes += more.state_bytes;
  sum.state_budget += more.state_budget;
  return sum;
}

const char* state_name(ModelState state) {
  switch (state) {
    case ModelState::kUnloaded: return "unloaded";
    case ModelState::kLoading: return "loading";
    case ModelState::kLoaded: return "loaded";
    case ModelState::kFailed: break;
  }
  return "failed";
}

// Whoever asks knows that the provider outlives its requests: nothing is owned.
void Provider::hold(const std::string&, HeldSink done, StopToken) {
  done(std::shared_ptr<Provider>(std::shared_ptr<void>(), this));
}

std::vector<ModelStatus> Provider::status() const {
  ModelStatus status{.info = info(), .stats = stats()};
  for (const ModelInfo& model : models()) {
    if (model.name != status.info.name) status.adapters.push_back(model.name);
  }
  if (const Status whole = health(); !whole.ok()) {
    status.refused = true;
    status.problem = whole.error().to_string();
  }
  return {std::move(status)};
}

Status Provider::try_again(const std::string&) { return {}; }

Status Provider::unload(const std::string&) {
  return unsupported("the model is served as long as the server runs", "model",
                     "serve several models (malmoi serve --models) to take one out of memory");
}

Result<GenerationRequest> Provider::prepare(GenerationRequest request) const { return request; }

Result<std::vector<TokenPiece>> Provider::tokenize(const TokenizeRequest&) const { return no_tokenizer(); }

Result<std::string> Provider::detokenize(std::span<const int32_t>) const { return no_tokenizer(); }

Result<std::string> Provider::render(GenerationRequest) const {
  return unsupported("the chat template of this model is not here", "", "use a model that runs on this machine");
}

Result<Embeddings> Provider::embed(const EmbeddingRequest&) const {
  return unsupported("this model gives no embeddings", "model", "use a model that runs on this machine");
}

Result<Attention> Provider::attention(const AttentionRequest&) const {
  return unsupported("the attention of this model cannot be seen", "model", "use a model that runs on this machine");
}

Result<FilledGaps> Provider::fill(const FillRequest&) const {
  return unsupported("this model fills no gaps", "model", "use an encoder that was trained by masked_lm");
}

Result<ClassifiedText> Provider::classify(const ClassifyRequest&) const {
  return unsupported("this model gives no labels", "model", "use one that was trained to classify");
}

}  // namespace malmoi::chat
