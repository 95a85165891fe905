// An engine as a chat::Provider: conversations and texts become ids, and what the model writes is told as text.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "chat/chat_template.h"
#include "chat/provider.h"
#include "infer/attention_view.h"
#include "infer/embedder.h"
#include "infer/engine.h"
#include "model/model.h"

namespace malmoi::infer {

struct EngineProviderOptions {
  chat::ModelInfo model;  // its name, age and defaults: the rest is of the engine and the template
  chat::ChatTemplate chat_template = chat::ChatTemplate::plain();
  std::vector<int32_t> stop_ids;      // end of text
  std::vector<std::string> adapters;  // the names of the model's, by which requests call it with them
  EmbedderOptions embedding = {};     // its context length is the engine's
};

/// generate() calls its sink on the engine's thread.
class EngineProvider : public chat::Provider {
 public:
  /// Engine and tokenizer outlive the provider.
  EngineProvider(Engine& engine, const tokenizer::Tokenizer& tokenizer, EngineProviderOptions options);

  chat::ModelInfo info() const override { return options_.model; }
  std::vector<chat::ModelInfo> models() const override;
  /// Errors: a chat template that cannot be followed, tools for one that knows none (chat::begin_answer); a gap for a model
  /// that fills none (infer/infill.h).
  Result<chat::GenerationRequest> prepare(chat::GenerationRequest request) const override;
  /// Errors: as Engine::submit; a name that no model has.
  Status generate(chat::GenerationRequest request, chat::TokenSink sink) override;
  chat::ProviderStats stats() const override;
  /// Errors: a file of the model that changed while it was in use.
  Status health() const override { return engine_->model().check_files(); }
  void drain(double seconds) override { engine_->drain(seconds); }
  Result<std::vector<chat::TokenPiece>> tokenize(const chat::TokenizeRequest& request) const override;
  Result<std::string> detokenize(std::span<const int32_t> ids) const override;
  Result<std::string> render(chat::GenerationRequest request) const override;
  /// Of a text's last hidden states, of an encoder-decoder its encoder's. Errors: as above; a name that no model has.
  Result<chat::Embeddings> embed(const chat::EmbeddingRequest& request) const override;
  /// Of a pass between two steps. Errors: as AttentionView::show; a name that no model has.
  Result<chat::Attention> attention(const chat::AttentionRequest& request) const override;

 private:
  std::vector<int32_t> ids_of(std::string_view text, bool parse_special) const;
  Result<int32_t> adapter_of(const std::string& name) const;
  Status run(std::function<void()> pass) const;

  Engine* engine_;
  const tokenizer::Tokenizer* tokenizer_;
  EngineProviderOptions options_;
  std::unique_ptr<Embedder> embedder_;
  std::unique_ptr<AttentionView> attention_;
};

}  // namespace malmoi::infer
