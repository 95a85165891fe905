// From tokens to text: whole characters only, and nothing of a stop text.
#pragma once

#include <string>
#include <vector>

#include "infer/generate.h"

namespace malmoi::infer {

/// Holds back text that may be the beginning of a stop text, and cuts at the first stop text that is whole.
class StopFilter {
 public:
  explicit StopFilter(std::vector<std::string> stops);
  /// The text that is now certain. After a stop text nothing more is to be pushed.
  std::string push(const std::string& text);
  /// Text that was held back for a stop text that did not come.
  std::string finish();
  bool stopped() const { return !stop_.empty(); }
  /// The stop text that is whole.
  const std::string& stop() const { return stop_; }

 private:
  std::string take(size_t bytes);

  std::vector<std::string> stops_;
  std::string held_, stop_;
};

/// The text of one answer.
class TextStream {
 public:
  TextStream(const tokenizer::Tokenizer& tokenizer, const Request& request);
  /// The token with the text that it made certain, and the rest of the text where the answer ends. A stop text that is whole
  /// makes it the last event.
  TokenEvent add(const Token& token);

 private:
  chat::TokenReport report(const Candidate& token) const;
  std::string text_of(int32_t id);

  const tokenizer::Tokenizer* tokenizer_;
  tokenizer::StreamDecoder decoder_;
  std::vector<int32_t> spelled_ids_;
  StopFilter stops_;
  bool trimming_;
  int64_t prompt_tokens_;
};

/// A handler of tokens that hands texts of all answers of `request` to `sink`.
TokenHandler text_handler(const tokenizer::Tokenizer& tokenizer, const Request& request, TokenSink sink);

}  // namespace malmoi::infer
