#include "chat/provider.h"

namespace malmoi::chat {
namespace {

Error no_tokenizer() {
  return unsupported("the tokenizer of this model is not here", "", "use a model that runs on this machine");
}

}  // namespace

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
