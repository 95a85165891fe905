#include "infer/encoder_provider.h"

#include <utility>

#include "infer/token_pieces.h"

namespace malmoi::infer {

EncoderProvider::EncoderProvider(const model::Model& model, const tokenizer::Tokenizer& tokenizer, chat::ModelInfo info,
                                 EmbedderOptions options)
    : model_(&model), tokenizer_(&tokenizer), info_(std::move(info)) {
  info_.context_length = model.max_positions();
  options.context_length = info_.context_length;
  embedder_ = std::make_unique<Embedder>(model, tokenizer, std::move(options));
}

Result<chat::GenerationRequest> EncoderProvider::prepare(chat::GenerationRequest request) const {
  MALMOI_TRY(check_generates(*model_));
  return request;
}

Status EncoderProvider::generate(chat::GenerationRequest, chat::TokenSink) { return check_generates(*model_); }

void EncoderProvider::drain(double) {
  std::lock_guard lock(turn_);
  stopping_ = true;
}

Result<std::vector<chat::TokenPiece>> EncoderProvider::tokenize(const chat::TokenizeRequest& request) const {
  return token_pieces(*tokenizer_, request);
}

Result<std::string> EncoderProvider::detokenize(std::span<const int32_t> ids) const { return tokenizer_->decode(ids); }

Status EncoderProvider::run(const std::function<void()>& pass) const {
  std::lock_guard lock(turn_);
  if (stopping_) return Error{ErrorCode::kCancelled, "the server is stopping", "", "try again later"};
  pass();
  return {};
}

Result<chat::Embeddings> EncoderProvider::embed(const chat::EmbeddingRequest& request) const {
  MALMOI_TRY(health());
  return embedder_->embed(request, -1, [this](const std::function<void()>& pass) { return run(pass); });
}

}  // namespace malmoi::infer
