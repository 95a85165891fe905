#include "app/train/memory.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "app/train/rollouts.h"
#include "base/log.h"

namespace malmoi::app {
namespace {

using autograd::Checkpointing;
using train::MemoryPlan;
using train::TrainConfig;

// Of a token of a batch: its id, position and target.
constexpr double kBytesPerToken = 3 * sizeof(int32_t);

// What a step takes of the batches that leave its sequences as they are: each a rehearsal, which takes a while.
class Search {
 public:
  Search(const model::Model& model, const train::Objective& objective, const TrainConfig& config, size_t limit,
         size_t judges, const StopToken& stop)
      : model_(model), objective_(objective), config_(config), limit_(limit), judges_(judges), stop_(stop) {
    const int64_t sequences = config.sequences_per_step();
    const int64_t together = train::rows_together(config.objective);
    const int64_t least = together > 0 ? together : config.batch_size;  // 0: rows are not parted
    for (int64_t batch = least; batch <= config.batch_size; batch += least) {
      if (sequences % batch == 0) batches_.push_back(batch);
    }
  }

  struct Fit {
    int64_t batch = 0;  // 0: none fits
    MemoryPlan plan;
  };
  /// The largest batch within the limit. A larger batch takes more: each plan halves what is left to look at.
  Result<Fit> largest(Checkpointing level) const {
    Fit best;
    for (size_t begin = 0, end = batches_.size(); begin < end;) {
      MALMOI_TRY(stop_.check("train.memory_limit", "run it again", "stopped while fitting a step into memory"));
      const size_t middle = begin + (end - begin) / 2;
      const int64_t batch = batches_[middle];
      std::optional<MemoryPlan> plan = plan_of(batch, level);
      if (plan && plan->total() <= limit_) {
        best = {batch, *plan};
        begin = middle + 1;
      } else {
        end = middle;
      }
    }
    return best;
  }

  /// None: the ids and the embeddings of its tokens alone are more than the limit, which is known without a rehearsal.
  std::optional<MemoryPlan> plan_of(int64_t batch, Checkpointing level) const {
    const DType dtype = activation_type(config_.precision);
    const double tokens = static_cast<double>(batch) * static_cast<double>(config_.data.sequence_length);
    const double embedding = static_cast<double>(model_.hidden_size()) * static_cast<double>(dtype_size(dtype));
    if (tokens * (kBytesPerToken + embedding) > static_cast<double>(limit_)) return {};
    MemoryPlan plan = train::plan_memory({.model = model_,
                                          .objective = objective_,
                                          .dtype = dtype,
                                          .optimizer = config_.optimizer,
                                          .batch_size = batch,
                                          .sequence_length = config_.data.sequence_length,
                                          .checkpointing = level});
    plan.answers = answers_bytes(config_, model_);
    plan.judges = judges_;
    if (config_.ema_decay > 0) plan.optimizer += plan.gradients;  // an average has the size of the gradients
    return plan;
  }

 private:
  const model::Model& model_;
  const train::Objective& objective_;
  const TrainConfig& config_;
  const size_t limit_, judges_;
  const StopToken& stop_;
  std::vector<int64_t> batches_;  // rising
};

// What a step may take.
size_t limit_of(const TrainConfig& config, int64_t machine) {
  return static_cast<size_t>(config.memory_limit > 0 ? std::min(config.memory_limit, machine) : machine);
}

Error does_not_fit(const std::optional<MemoryPlan>& plan, const TrainConfig& config, size_t limit,
                   const std::vector<std::string>& ways) {
  std::string remedy = ways.empty() ? "use a smaller model" : "use ";
  for (size_t i = 0; i < ways.size(); ++i) remedy += (i ? ", or " : "") + ways[i];
  const std::string there = format_bytes(static_cast<double>(limit));
  std::string what = fmt::format("{} sequences of {} tokens at once do not fit {}", config.batch_size,
                                 config.data.sequence_length, there);
  if (plan) what = fmt::format("a step needs {}, there is {}", format_bytes(static_cast<double>(plan->total())), there);
  return out_of_memory(what, "train.batch_size", remedy);
}

}  // namespace

const char* level_name(Checkpointing level) {
  switch (level) {
    case Checkpointing::kNone: return "none";
    case Checkpointing::kCheap: return "cheap";
    case Checkpointing::kBlock: return "block";
  }
  return "?";
}

int64_t machine_memory() { return static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE); }

std::optional<FittedMemory> unfitted_memory(const model::Model& model, const train::Objective& objective,
                                            const TrainConfig& config) {
  const Checkpointing level = config.checkpointing.value_or(Checkpointing::kCheap);
  const StopToken never;
  const Result<size_t> judges = judges_bytes(config);
  if (!judges.ok()) return {};
  const Search search(model, objective, config, static_cast<size_t>(machine_memory()), *judges, never);
  const std::optional<MemoryPlan> plan = search.plan_of(config.batch_size, level);
  return plan ? std::optional<FittedMemory>({*plan, level}) : std::nullopt;
}

Result<FittedMemory> fit_memory(const model::Model& model, const train::Objective& objective, TrainConfig& config,
                                const StopToken& stop, int64_t machine) {
  const size_t limit = limit_of(config, machine);
  MALMOI_ASSIGN(const size_t judges, judges_bytes(config));
  const Search search(model, objective, config, limit, judges, stop);
  const Checkpointing first = config.checkpointing.value_or(Checkpointing::kCheap);
  const std::optional<MemoryPlan> asked = search.plan_of(config.batch_size, first);
  if (asked && asked->total() <= limit) return FittedMemory{*asked, first};
  std::vector<Checkpointing> levels{first};
  if (!config.checkpointing) levels.push_back(Checkpointing::kBlock);
  Search::Fit best;
  Checkpointing best_level = first;
  std::vector<std::string> ways;
  for (Checkpointing level : levels) {
    MALMOI_ASSIGN(Search::Fit fit, search.largest(level));
    if (fit.batch <= best.batch) continue;
    best = fit;
    best_level = level;
    ways.push_back(fmt::format("batch_size {} with checkpointing {}", fit.batch, level_name(level)));
  }
  // Only who names a limit lets the program choose: otherwise a batch of another size would come as a surprise.
  if (best.batch == 0 || config.memory_limit == 0) return does_not_fit(asked, config, limit, ways);
  config.gradient_accumulation = config.sequences_per_step() / best.batch;
  config.batch_size = best.batch;
  return FittedMemory{best.plan, best_level};
}

size_t arena_bytes(const MemoryPlan& plan) {
  constexpr size_t kRoom = size_t{16} << 20;
  return plan.activations + plan.activations / 8 + kRoom;
}

}  // namespace malmoi::app
