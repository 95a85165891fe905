// `malmoi bench infer` and `malmoi bench memory`: how fast a model reads and writes tokens, and what memory allows.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "tensor/dtype.h"

namespace malmoi::app {

struct BenchInferOptions {
  Path model;
  DType dtype = DType::kBF16;
  int64_t prompt = 512;    // tokens read at once; 0: not measured
  int64_t generate = 128;  // tokens written one by one by each sequence; 0: not measured
  int64_t batch = 1;       // sequences that write together
  int64_t depth = 0;       // tokens each sequence holds before
  int repeat = 5;          // counted runs, after one that is not
};

/// Random ids, no sampling: `prompt_tokens_per_second`, `gen_tokens_per_second` (of all sequences together), each
/// {min, median, max}; `model_bytes`: the weights that a token reads.
Result<Json> bench_infer(const BenchInferOptions& options);

/// Reads so many bytes again and again on the compute threads: `read_gb_per_second` {min, median, max} in 10^9 bytes.
Result<Json> bench_memory(int repeat, int64_t bytes = int64_t{1} << 30);

}  // namespace malmoi::app
