// `malmoi bench infer` and `malmoi bench memory`: how fast a model reads and writes tokens, and what memory allows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/bench/figures.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "nn/state.h"
#include "tensor/dtype.h"

namespace malmoi::app {

struct BenchInferOptions {
  Path model;
  DType dtype = DType::kBF16;
  nn::KeyType keys = nn::KeyType::kModel;
  int64_t prompt = 512;    // tokens read at once; 0: not measured
  int64_t generate = 128;  // tokens written one by one by each sequence; 0: not measured
  int64_t batch = 1;       // sequences that write together
  int64_t depth = 0;       // tokens each sequence holds before
  int repeat = 5;          // counted runs, after one that is not
};

struct InferFigures {
  std::string architecture;
  int64_t parameters = 0;
  DType dtype = DType::kBF16;
  int threads = 0;
  int64_t prompt = 0, generate = 0, batch = 0, depth = 0;  // as asked for
  int64_t model_bytes = 0;                                 // the weights that a token reads
  std::optional<Spread> prompt_tokens_per_second;          // absent: not measured
  std::optional<Spread> generated_tokens_per_second;       // of all sequences together
};
Json to_json(const InferFigures& figures);

/// Random ids, no sampling.
Result<InferFigures> bench_infer(const BenchInferOptions& options);

struct MemoryFigures {
  int threads = 0;
  int64_t bytes = 0;
  Spread read_gb_per_second;  // 10^9 bytes
};
Json to_json(const MemoryFigures& figures);

/// Reads so many bytes again and again on the compute threads.
Result<MemoryFigures> bench_memory(int repeat, int64_t bytes = int64_t{1} << 30);

}  // namespace malmoi::app
