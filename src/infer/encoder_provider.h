// An encoder as a chat::Provider: it writes no text, and gives embeddings, its attention, and what its head says of a text:
// words for gaps, or labels.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "chat/provider.h"
#include "infer/attention_view.h"
#include "infer/embedder.h"
#include "model/model.h"

namespace malmoi::infer {

class EncoderProvider : public chat::Provider {
 public:
  /// Model and tokenizer outlive the provider; what explains labels wraps the model's words for a while. `info`: its name,
  /// age and defaults; the rest is the model's.
  EncoderProvider(model::Model& model, const tokenizer::Tokenizer& tokenizer, chat::ModelInfo info,
                  EmbedderOptions options);

  chat::ModelInfo info() const override { return info_; }
  /// Errors: always, as generate().
  Result<chat::GenerationRequest> prepare(chat::GenerationRequest request) const override;
  Status generate(chat::GenerationRequest request, chat::TokenSink sink) override;
  chat::ProviderStats stats() const override { return {}; }
  /// Errors: a file of the model that changed while it was in use.
  Status health() const override { return model_->check_files(); }
  /// Returns once the pass that runs is done.
  void drain(double seconds) override;
  Result<std::vector<chat::TokenPiece>> tokenize(const chat::TokenizeRequest& request) const override;
  Result<std::string> detokenize(std::span<const int32_t> ids) const override;
  Result<chat::Embeddings> embed(const chat::EmbeddingRequest& request) const override;
  Result<chat::Attention> attention(const chat::AttentionRequest& request) const override;
  /// Of at most chat::kMostExplored tokens.
  Result<chat::FilledGaps> fill(const chat::FillRequest& request) const override;
  /// Of at most as many tokens as an embedding, none cut. Errors: as above, a text that is longer.
  Result<chat::ClassifiedText> classify(const chat::ClassifyRequest& request) const override;

 private:
  Status run(const std::function<void()>& pass) const;
  template <typename Value, typename Pass>
  Result<Value> through_head(const Pass& pass) const;

  model::Model* model_;
  const tokenizer::Tokenizer* tokenizer_;
  chat::ModelInfo info_;
  std::unique_ptr<Embedder> embedder_;
  std::unique_ptr<AttentionView> attention_;
  mutable std::mutex turn_;                   // held during a pass
  mutable std::unique_ptr<Session> session_;  // of passes through the head; guarded by turn_
  bool stopping_ = false;                     // guarded by turn_
};

}  // namespace malmoi::infer
