// Texts through a head that reads them whole: the logits of each, and what stands around that is the same for all such heads.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/use/generate.h"
#include "infer/session.h"
#include "train/table_format.h"

namespace malmoi::app {

/// What is read: a text, or two that belong together.
struct TextPair {
  std::string text;
  std::optional<std::string> pair = {};
};

/// Warns that so many texts were longer than the model's context, if any.
void warn_of_cut(uint64_t texts, const Job& job);

/// A model with its tokenizer, for one thread.
class TextHead {
 public:
  static Result<TextHead> of(LoadedModel loaded);
  /// As the tokenizer puts it together, cut to the model's context. Errors: nothing is left of an empty text.
  Result<std::vector<train::EncodedText>> encode(const std::vector<TextPair>& texts) const;
  /// The same in windows over a long second text (train::encode_windows); a text without one is cut.
  Result<std::vector<train::EncodedText>> encode_windows(const TextPair& text, int64_t overlap) const;
  /// Of each text a row of outputs, or, of heads of tokens, a row for each of its tokens. Valid until the next call. Errors:
  /// an id that the model has not, of another model's tokenizer.
  Result<std::vector<std::span<const float>>> logits(std::span<const train::EncodedText> texts);

  model::Model& model() { return *loaded_.model; }
  const model::Model& model() const { return *loaded_.model; }
  const tokenizer::Tokenizer& tokenizer() const { return *loaded_.tokenizer; }

 private:
  TextHead() = default;
  LoadedModel loaded_;
  std::unique_ptr<infer::Session> session_;
};

}  // namespace malmoi::app
