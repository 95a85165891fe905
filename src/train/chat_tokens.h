// A learned conversation as ids, with what of them counts as a target.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/error.h"
#include "chat/learned_text.h"
#include "tokenizer/document_marks.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::train {

using TextSpan = chat::LearnedText::Span;

/// Ids with the bytes [begin, end) of the text that they stand for; marks that the tokenizer puts before a text have (0, 0).
struct PlacedTokens {
  std::vector<int32_t> ids;
  std::vector<TextSpan> places;
};

/// Ids with, for each, whether it is a target: predicted at the one before it.
struct ChatTokens {
  std::vector<int32_t> ids;
  std::vector<uint8_t> learned;

  uint64_t targets() const;
  /// Without what stands behind `length` ids.
  void cut(size_t length);
};

/// A tokenizer for conversations. They become the ids that a server gives its model (infer/prompt.h): special tokens of the
/// template are recognised, those that somebody typed are text, and what stands before a document stands there once, whether the template
/// writes it or not.
class ChatTokenizer {
 public:
  /// Errors: a tokenizer that cuts texts to a length by itself.
  static Result<ChatTokenizer> make(const tokenizer::Tokenizer& tokenizer);

  /// A part of a text; `begins`: as the beginning of a document.
  PlacedTokens place(const chat::LearnedText& text, TextSpan part, bool begins) const;
  /// A token is a target where its first byte lies in one of `learned` (rising, apart): one that begins before an answer and reaches into it
  /// belongs to what is given. What stands behind the last target is left out. Where the text says so (end_of_text), the model's end of text
  /// follows, a target where the last byte is one.
  ChatTokens tokens(const chat::LearnedText& text, std::span<const TextSpan> learned) const;

  std::optional<int32_t> end_of_text() const { return marks_.after; }

 private:
  explicit ChatTokenizer(const tokenizer::Tokenizer& tokenizer)
      : tokenizer_(&tokenizer), marks_(tokenizer::document_marks(tokenizer)) {}
  void add_piece(std::string_view piece, size_t offset, bool parse_special, PlacedTokens& out) const;

  const tokenizer::Tokenizer* tokenizer_;
  tokenizer::DocumentMarks marks_;
};

}  // namespace malmoi::train
