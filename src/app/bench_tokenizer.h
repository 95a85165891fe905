// `malmoi bench tokenizer`: how fast a tokenizer encodes the documents of a file.
#pragma once

#include <string>

#include "base/error.h"
#include "base/json.h"

namespace malmoi::app {

struct BenchTokenizerOptions {
  std::string tokenizer;  // as `malmoi tokenizer encode --tokenizer`
  std::string file;       // documents are apart by empty lines
  int repeat = 5;         // counted runs, after one that is not
  bool whole = false;     // the file as one document
};

/// Encodes all documents on the compute threads, `repeat` times: `encode_mb_per_second` {min, median, max} in 10^6 bytes,
/// `tokens`, `documents`, `bytes`, `bytes_per_token`, `load_seconds`, `threads`.
Result<Json> bench_tokenizer(const BenchTokenizerOptions& options);

}  // namespace malmoi::app
