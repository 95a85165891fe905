// From documents to flat ids: the one way in which a corpus is tokenised, by `malmoi train` and `malmoi data tokenize`.
//
// The convention is that of tokenizer/document_marks.h; behind the mark after a document it ends, and TokenWriter records the
// place. So a model sees in training what it sees at use, and learns where a text ends. The first id of a document counts as
// a target like any other: it is predicted from what stands before it, BOS or the end of the document before.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/token_file.h"
#include "tokenizer/document_marks.h"

namespace malmoi::data {

using tokenizer::document_marks;
using tokenizer::DocumentMarks;

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
