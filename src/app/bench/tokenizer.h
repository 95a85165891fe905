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
  bool hard = false;      // then texts that take a bad tokenizer long, a megabyte each
};

/// Encodes all documents on the compute threads, `repeat` times: `encode_mb_per_second` {min, median, max} in 10^6 bytes,
/// `encode_mb_per_cpu_second` the same by processor time of all threads, `first_mb_per_cpu_second` of a pass before those, when
/// no word is remembered yet, `tokens`, `documents`, `bytes`, `bytes_per_token`,
/// `load_seconds`, `threads`. With `hard`: `hard`, how many times as long each of app/bench/hard_texts.h takes as as many bytes of
/// the file, by processor time of one thread, and `hardest`.
Result<Json> bench_tokenizer(const BenchTokenizerOptions& options);

}  // namespace malmoi::app
