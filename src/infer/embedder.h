// Texts as vectors: a model's last hidden states of each, pooled, of length 1.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "chat/embedding.h"
#include "infer/session.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::infer {

/// Which of a text's rows its vector is made of.
enum class TextPooling {
  kMean,   // their mean
  kFirst,  // the first ([CLS])
  kLast,   // the last
};

/// pool(rows [n, width]) / |pool(rows)|, of the first `dimensions` columns (0: all). Sums are f64. A vector of zeros stays
/// one. Requires n > 0.
std::vector<float> pool_rows(std::span<const float> rows, int64_t width, TextPooling pooling, int64_t dimensions = 0);

struct EmbedderOptions {
  TextPooling pooling = TextPooling::kMean;
  // What the model was trained to read before texts of these purposes.
  std::string query_prefix = {}, document_prefix = {};
  int64_t context_length = 0;
};

/// One model's. embed() may be called from many threads, as `turn` allows.
class Embedder {
 public:
  /// Runs a pass while nothing else computes with the model. Errors: there will be no more passes.
  using Turn = std::function<Status(std::function<void()> pass)>;

  /// Model and tokenizer outlive the embedder.
  Embedder(const model::Model& model, const tokenizer::Tokenizer& tokenizer, EmbedderOptions options)
      : model_(&model), tokenizer_(&tokenizer), options_(std::move(options)) {}

  /// In passes of a few thousand rows, each in a turn of its own. `adapter`: of the model's; -1: none. Errors: those of
  /// chat::Provider::embed; an id that the model has not.
  Result<chat::Embeddings> embed(const chat::EmbeddingRequest& request, int32_t adapter, const Turn& turn);

 private:
  using Ids = std::vector<int32_t>;
  Result<std::vector<Ids>> read(const chat::EmbeddingRequest& request) const;
  Ids ids_of(const chat::EmbeddingInput& input) const;
  Status run_pass(std::span<const Ids> texts, int32_t adapter, int64_t dimensions, chat::Embeddings& out);

  const model::Model* model_;
  const tokenizer::Tokenizer* tokenizer_;
  EmbedderOptions options_;
  std::unique_ptr<Session> session_;  // made in the first turn; used in turns alone
};

}  // namespace malmoi::infer
