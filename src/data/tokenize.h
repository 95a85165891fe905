// From documents to flat ids: the one way in which a corpus is tokenised, by `malmoi train` and `malmoi data tokenize`.
//
// The convention. What the tokenizer puts before a text at use (BOS, where it adds one) stands before each document, the
// end-of-text id after it; there the document ends, and TokenWriter records the place. So a model sees in training what it
// sees at use, and learns where a text ends. The first id of a document counts as a target like any other: it is
// predicted from what stands before it, BOS or the end of the document before.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/token_file.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::data {

/// The ids around each document.
struct DocumentMarks {
  std::vector<int32_t> before;
  std::optional<int32_t> after;
};
/// As the tokenizer has them: what it adds before a text, and its end-of-text id.
DocumentMarks document_marks(const tokenizer::Tokenizer& tokenizer);

/// Encodes documents in blocks on the compute threads and writes them in their order. Special tokens written in a text
/// are text. One thread; tokenizer and writer must outlive it.
class DocumentEncoder {
 public:
  DocumentEncoder(const tokenizer::Tokenizer& tokenizer, DocumentMarks marks, TokenWriter& writer)
      : tokenizer_(tokenizer), marks_(std::move(marks)), writer_(writer) {}

  /// Errors: those of TokenWriter::add.
  Status add(std::string text);
  /// Writes what still waits. Call it before TokenWriter::commit.
  Status flush();
  /// Bytes of all texts added.
  uint64_t bytes() const { return bytes_; }
  /// Texts added.
  uint64_t documents() const { return documents_; }

 private:
  const tokenizer::Tokenizer& tokenizer_;
  DocumentMarks marks_;
  TokenWriter& writer_;
  std::vector<std::string> waiting_;
  size_t waiting_bytes_ = 0;
  uint64_t bytes_ = 0, documents_ = 0;
};

}  // namespace malmoi::data
