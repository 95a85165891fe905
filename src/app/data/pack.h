// `malmoi data tokenize` and `malmoi data pack`: a corpus to flat ids, and ids to sequences of one length.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/job.h"
#include "base/json.h"
#include "data/packing.h"

namespace malmoi::app {

struct DataTokenizeOptions {
  std::string tokenizer;
  std::vector<std::string> in;  // corpora, .jsonl(.zst), .txt
  std::string split = "train";  // of corpora
  std::string out;              // NAME.bin
  bool end_of_text = true;      // an end-of-text id after each document, if the tokenizer has one
};

struct TokenizeReport {
  uint64_t documents = 0, tokens = 0;
  uint64_t bytes = 0;  // of text
};
Json to_json(const TokenizeReport& report);

/// By the convention of data/tokenize.h. Errors: no document; an unwritable file.
Result<TokenizeReport> data_tokenize(const DataTokenizeOptions& options, const Job& job);

struct DataPackOptions {
  std::string in, out;  // NAME.bin
  uint32_t sequence_length = 1024;
  int64_t pad = -1;  // -1: the end of text that data tokenize wrote down
};

Json to_json(const data::PackStats& stats);

/// Writes OUT.bin and its companions; see data/packing.h.
Result<data::PackStats> data_pack(const DataPackOptions& options);

}  // namespace malmoi::app
