// How well a model predicts held-out text: loss a token, perplexity, bits a byte.
//
//   loss = -sum log p(token | what is before it in its window) / tokens       (nats a token)
//   perplexity = exp(loss);  bits_per_byte = -sum log p / (bytes ln 2)
#pragma once

#include <cstdint>
#include <memory>
#include <span>
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
  uint64_t bytes = 0;  // that the scored tokens stand for
  int64_t documents = 0;
  double loss() const;
  double perplexity() const;
  double bits_per_byte() const;
};

/// Adds documents up. One thread. A first token is scored where the tokenizer puts something before it (BOS).
class PerplexityMeter {
 public:
  /// Errors: a model that does not go on with a text, no memory for the state of a window.
  static Result<PerplexityMeter> create(const model::Model& model, const tokenizer::Tokenizer* tokenizer,
                                        const PerplexityOptions& options);
  /// A document as text. Errors: no memory for the state of a window.
  Status add_text(std::string_view text);
  /// A document as ids; `bytes` that they stand for, 0 where not known.
  Status add_ids(std::span<const int32_t> ids, uint64_t bytes);
  const Perplexity& result() const { return result_; }

 private:
  PerplexityMeter(std::unique_ptr<infer::Session> session, const tokenizer::Tokenizer* tokenizer,
                  const PerplexityOptions& options);
  Status score(std::span<const int32_t> window, int64_t first_target);
  Status strided(std::span<const int32_t> ids);
  Status llama_cpp(std::span<const int32_t> ids);

  std::unique_ptr<infer::Session> session_;
  const tokenizer::Tokenizer* tokenizer_;
  PerplexityOptions options_;
  Perplexity result_;
};

}  // namespace malmoi::eval
