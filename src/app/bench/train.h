// `malmoi bench train` and `malmoi bench gemm`: a whole training step, and its products alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/bench/figures.h"
#include "autograd/context.h"
#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "base/json.h"
#include "tensor/precision.h"

namespace malmoi::app {

constexpr std::string_view kBenchObjectives[] = {"causal_lm", "masked_lm", "seq2seq"};

struct BenchTrainOptions {
  Path config;                          // a Hugging Face config.json
  std::string objective = "causal_lm";  // of kBenchObjectives
  int64_t batch = 4, sequence_length = 256;
  Precision precision = Precision::kBF16;
  int64_t steps = 10, warmup = 3;
  autograd::Checkpointing checkpointing = autograd::Checkpointing::kCheap;
  std::string optimizer = "adamw";
  bool profile = false;
  Path trace;  // empty: none
};

struct TrainFigures {
  std::string architecture;
  int64_t parameters = 0, batch = 0, sequence_length = 0;
  Precision precision = Precision::kBF16;
  int threads = 0;
  int64_t steps = 0;
  Spread tokens_per_second, step_seconds;
  double mfu = 0;                    // of the fastest step, against peak_flops_per_second
  double peak_flops_per_second = 0;  // of products, measured beside it
  int64_t peak_memory_bytes = 0;     // VmHWM
  uint64_t predicted_memory_bytes = 0, arena_overflow_bytes = 0;
  double loss = 0;
};
Json to_json(const TrainFigures& figures);

/// The optimisers there are.
std::vector<std::string> optimizer_names();

/// Whole steps, forward to optimiser with clipping to 1.0, on random ids, without dropout. Of masked_lm 15 % of the tokens have a
/// target; of seq2seq each sequence has an output of the same length, and both count as tokens.
Result<TrainFigures> bench_train(const BenchTrainOptions& options, const Job& job);

struct GemmFigures {
  std::string architecture;
  int64_t batch = 0, sequence_length = 0;
  Precision precision = Precision::kBF16;
  int threads = 0;
  int64_t steps = 0;
  Spread tokens_per_second, gflops_per_second;
};
Json to_json(const GemmFigures& figures);

/// Forward, dX and dW of every linear and the head, weights plain, attention left out: the ceiling of a step.
Result<GemmFigures> bench_gemm(const BenchTrainOptions& options);

}  // namespace malmoi::app
