// `malmoi bench train` and `malmoi bench gemm`: a whole training step, and its products alone.
#pragma once

#include <cstdint>

#include "autograd/context.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "tensor/precision.h"

namespace malmoi::app {

struct BenchTrainOptions {
  Path config;  // a Hugging Face config.json
  int64_t batch = 4, sequence_length = 256;
  Precision precision = Precision::kBF16;
  int64_t steps = 10, warmup = 3;
  autograd::Checkpointing checkpointing = autograd::Checkpointing::kCheap;
  std::string optimizer = "adamw";
  bool profile = false;
  Path trace;  // empty: none
};

/// Whole steps, forward to optimiser with clipping to 1.0, on random ids, without dropout: `tokens_per_second`
/// {min, median, max}, `mfu` (of the products' rate measured beside it), `peak_memory_bytes` (VmHWM),
/// `predicted_memory_bytes`, `loss`.
Result<Json> bench_train(const BenchTrainOptions& options);

/// Forward, dX and dW of every linear and the head, weights plain, attention left out: the ceiling of a step.
/// `tokens_per_second`, `gflops_per_second`, each {min, median, max}.
Result<Json> bench_gemm(const BenchTrainOptions& options);

}  // namespace malmoi::app
