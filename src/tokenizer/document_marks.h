// What stands around a text that a model learns from, goes on with or is judged by: one rule for all three.
//
// What the tokenizer puts before a text (BOS, where it adds one) stands before each document in training, before a prompt
// and before a text whose loss is measured; the end-of-text id stands after a document. The rule is the tokenizer's, so it
// lies in every model's folder, in tokenizer.json.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace malmoi::tokenizer {

/// The ids around each document.
struct DocumentMarks {
  std::vector<int32_t> before;
  std::optional<int32_t> after;

  /// The id from which a document's first one is predicted: the last of `before`, or, where nothing stands there, the end of
  /// the document before; none where documents have no end either.
  std::optional<int32_t> beginning() const { return before.empty() ? after : before.back(); }
};
/// As the tokenizer has them: what it adds before a text, and its end-of-text id.
DocumentMarks document_marks(const Tokenizer& tokenizer);

/// The ids of a text as a document begins: what stands before one, once even where the text has it written out itself, and
/// the text. `parse_special`: special tokens written in the text are recognised.
std::vector<int32_t> begin_document(const Tokenizer& tokenizer, std::string_view text, bool parse_special);

}  // namespace malmoi::tokenizer
