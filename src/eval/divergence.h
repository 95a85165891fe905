// How far one model's predictions are from another's on the same text: what quantisation changed.
//
//   KL = mean over tokens of sum_v p(v) (log p(v) - log q(v))      (nats per token; Kullback and Leibler 1951)
#pragma once

#include <memory>
#include <string_view>

#include "infer/session.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::eval {

struct Divergence {
  int64_t tokens = 0;                      // predicted
  double kl = 0;                           // of the second model from the first
  double first_loss = 0, second_loss = 0;  // nats per token
  double same_top = 0;                     // share of places where both hold the same token for the most probable
};

/// Adds texts up, in windows of at most `window` tokens that begin anew. One thread; the models and the tokenizer outlive it.
class DivergenceMeter {
 public:
  /// Errors: models that do not go on with a text, or have vocabularies of different sizes; no memory for a window.
  static Result<DivergenceMeter> create(const model::Model& first, const model::Model& second,
                                        const tokenizer::Tokenizer& tokenizer, int64_t window = 512);
  /// Errors: no memory; an id that either model has not, of another model's tokenizer.
  Status add_text(std::string_view text);
  Divergence result() const;

 private:
  DivergenceMeter() = default;
  Status add_window(std::span<const int32_t> ids);

  std::unique_ptr<infer::Session> first_, second_;
  const tokenizer::Tokenizer* tokenizer_ = nullptr;
  int64_t window_ = 0;
  Divergence sums_;
};

}  // namespace malmoi::eval
