// `malmoi bench tokenizer`: how fast a tokenizer encodes the documents of a file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/bench/figures.h"
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

struct TokenizerFigures {
  Spread encode_mb_per_second;         // 10^6 bytes, on the compute threads
  Spread encode_mb_per_cpu_second;     // the same by processor time of all threads
  double first_mb_per_cpu_second = 0;  // of a pass before those, when no word is remembered yet
  uint64_t tokens = 0, documents = 0, bytes = 0;
  double load_seconds = 0;
  int threads = 0;
  /// Texts of app/bench/hard_texts.h by processor time of one thread.
  struct Hard {
    double file_mb_per_cpu_second = 0;
    std::vector<std::pair<std::string, double>> times;  // how many times as long as as many bytes of the file
    size_t hardest = 0;                                 // of `times`
  };
  std::optional<Hard> hard;  // absent: not asked for

  double bytes_per_token() const;
};
Json to_json(const TokenizerFigures& figures);

/// Encodes all documents on the compute threads, `repeat` times after a pass that is not counted.
Result<TokenizerFigures> bench_tokenizer(const BenchTokenizerOptions& options);

}  // namespace malmoi::app
