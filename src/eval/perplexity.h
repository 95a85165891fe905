// How well a model predicts held-out text: loss a token, perplexity, bits per byte.
//
//   loss = -sum log p(token | what is before it in its window) / tokens       (nats per token)
//   perplexity = exp(loss);  bits_per_byte = -sum log p / (bytes ln 2)
//
// Both sums run over the same tokens: those that are scored, and the bytes that these stand for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "infer/session.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::eval {

enum class Convention {
  kStrided,   // windows overlap by half; every token but a document's first is scored once
  kLlamaCpp,  // windows side by side over one text, the second half of each is scored (llama-perplexity)
};

struct PerplexityOptions {
  int64_t window = 0;  // tokens; 0: the model's context
  Convention convention = Convention::kStrided;
};

struct Perplexity {
  double nats = 0;     // -sum log p
  int64_t tokens = 0;  // scored
  uint64_t bytes = 0;  // that the scored tokens stand for; 0: not known
  int64_t documents = 0;
  uint64_t characters = 0, unknown_characters = 0;  // of texts: all, and those that the vocabulary cannot spell
  std::string unknown_examples;                     // the first few
  double loss() const;
  double perplexity() const;
  std::optional<double> bits_per_byte() const;  // none where the bytes are not known
};

/// Adds documents up. One thread. A first token is scored where the tokenizer puts something before it (BOS), as it does in
/// training (tokenizer/document_marks.h).
class PerplexityMeter {
 public:
  /// Errors: a model that does not go on with a text, no memory for the state of a window.
  static Result<PerplexityMeter> create(const model::Model& model, const tokenizer::Tokenizer* tokenizer,
                                        const PerplexityOptions& options);
  /// A document as text. Errors: no memory for the state of a window; an id that the model has not, of another model's
  /// tokenizer.
  Status add_text(std::string_view text);
  /// A document as ids, with the bytes that each stands for, or none where they are not known. Ids before `first`, at least
  /// one, are there to predict from. Errors: as add_text.
  Status add_ids(std::span<const int32_t> ids, std::span<const uint32_t> bytes, int64_t first = 1);
  const Perplexity& result() const { return result_; }

 private:
  PerplexityMeter(std::unique_ptr<infer::Session> session, const tokenizer::Tokenizer* tokenizer,
                  const PerplexityOptions& options);
  // A stretch of a document's ids.
  struct Window {
    std::span<const int32_t> ids;
    std::span<const uint32_t> bytes;  // of each, or none
  };
  Status score(const Window& window, int64_t first_target);
  Status strided(const Window& document, int64_t first);
  Status llama_cpp(const Window& document);
  static Window part(const Window& document, int64_t begin, int64_t end);

  std::unique_ptr<infer::Session> session_;
  const tokenizer::Tokenizer* tokenizer_;
  PerplexityOptions options_;
  Perplexity result_;
};

}  // namespace malmoi::eval
