// What `malmoi train` and `malmoi plan` find, as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "train/loop.h"
#include "train/rehearsal.h"

namespace malmoi::app {

/// A run, as run.json has it. Times are ISO 8601, UTC.
struct TrainReport {
  uint64_t predicted_memory_bytes = 0;
  std::string started, cpu, isa;
  int64_t parameters = 0;
  std::optional<int64_t> adapter_parameters;  // absent: the model's own are trained
  int threads = 0;
  std::string dtype;
  uint64_t train_tokens = 0;
  std::optional<uint64_t> valid_tokens;  // absent: no validation text
  double flops_per_token = 0;
  std::string status;  // finished, early_stopped or interrupted
  std::string finished;
  double seconds = 0;
  int64_t steps = 0;
  int64_t peak_memory_bytes = 0;
  int64_t skipped_steps = 0;
  std::optional<double> loss;  // of the last step
  struct Best {
    int64_t step = 0;
    double valid_loss = 0;
    std::optional<double> perplexity;              // absent: the loss is not one of tokens
    std::optional<double> bits_per_byte;           // absent: the bytes of the text are not known
    std::optional<train::NamedFigure> score = {};  // by train.best_metric, where that is not the loss
  };
  std::optional<Best> best;      // absent: nothing was measured
  Json before = Json::object();  // figures before the first step (train.eval_first), by name
};
Json to_json(const TrainReport& report);

/// A configuration before anything runs.
struct PlanReport {
  std::string architecture;
  int64_t parameters = 0;
  std::optional<int64_t> adapter_parameters;  // absent: the model's own are trained
  int64_t tokens_per_step = 0;                // of rows, whose lengths differ, on average
  double flops_per_token = 0;
  int64_t batch_size = 0, gradient_accumulation = 0;
  std::string checkpointing;  // none, cheap or block
  train::MemoryPlan memory;   // bytes
  std::string dtype;
  int64_t machine_memory = 0;        // bytes of the machine that is planned for
  std::string does_not_fit, remedy;  // empty: it fits
  double flops_per_second = 0;       // of products
  bool measured = true;              // here; else as it was given
  double seconds_per_step = 0;       // about
  int64_t steps = 0;                 // about, where they follow from epochs or minutes
  std::string way;                   // full, LoRA or QLoRA
  /// The same by all weights, by an adapter, and by one around a base in blocks.
  struct Way {
    std::string name;
    int64_t trained = 0;  // parameters
    uint64_t memory = 0;  // bytes
    bool fits = true;
    double seconds_per_step = 0, seconds = 0;
  };
  std::vector<Way> ways = {};  // of what goes on from a language model

  double flops_per_step() const { return flops_per_token * static_cast<double>(tokens_per_step); }
  double tokens_per_second() const { return static_cast<double>(tokens_per_step) / seconds_per_step; }
};
Json to_json(const PlanReport& report);

}  // namespace malmoi::app
