// An encoder as a chat::Provider: it writes no text, and gives embeddings.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "base/mapped_files.h"
#include "chat/provider.h"
#include "infer/embedder.h"

namespace malmoi::infer {

class EncoderProvider : public chat::Provider {
 public:
  /// Model and tokenizer outlive the provider. `info`: its context length is the model's.
  EncoderProvider(const model::Model& model, const tokenizer::Tokenizer& tokenizer, chat::ModelInfo info,
                  EmbedderOptions options);

  chat::ModelInfo info() const override { return info_; }
  /// Errors: always, as generate().
  Result<chat::GenerationRequest> prepare(chat::GenerationRequest request) const override;
  Status generate(chat::GenerationRequest request, chat::TokenSink sink) override;
  chat::ProviderStats stats() const override { return {}; }
  Status health() const override { return check_mapped_files(); }
  /// Returns once the pass that runs is done.
  void drain(double seconds) override;
  Result<std::vector<chat::TokenPiece>> tokenize(const chat::TokenizeRequest& request) const override;
  Result<std::string> detokenize(std::span<const int32_t> ids) const override;
  Result<chat::Embeddings> embed(const chat::EmbeddingRequest& request) const override;

 private:
  Status run(const std::function<void()>& pass) const;

  const model::Model* model_;
  const tokenizer::Tokenizer* tokenizer_;
  chat::ModelInfo info_;
  std::unique_ptr<Embedder> embedder_;
  mutable std::mutex turn_;  // held during a pass
  bool stopping_ = false;    // guarded by turn_
};

}  // namespace malmoi::infer
