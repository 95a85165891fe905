// `malmoi data tokenize` and `malmoi data pack`: a corpus to flat ids, and ids to sequences of one length.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace malmoi::app {

struct DataTokenizeOptions {
  std::string tokenizer;
  std::vector<std::string> in;  // corpora, .jsonl(.zst), .txt
  std::string split = "train";  // of corpora
  std::string out;              // NAME.bin
  bool end_of_text = true;      // an end-of-text id after each document, if the tokenizer has one
};

/// Errors: no document; an unwritable file. Returns tokens, documents, bytes.
Result<Json> data_tokenize(const DataTokenizeOptions& options,
                           const std::function<void(uint64_t documents, uint64_t tokens)>& progress);

struct DataPackOptions {
  std::string in, out;  // NAME.bin
  uint32_t sequence_length = 1024;
  int64_t pad = -1;  // -1: the end of text that data tokenize wrote down
};

/// Returns sequences, tokens, padding, documents, cut_documents.
Result<Json> data_pack(const DataPackOptions& options);

}  // namespace malmoi::app
