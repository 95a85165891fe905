#include "app/train/memory.h"

#include <unistd.h>

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/log.h"

namespace malmoi::app {
namespace {

using autograd::Checkpointing;
using train::MemoryPlan;
using train::TrainConfig;

// How many ways out an error names.
constexpr size_t kNamedWays = 3;
// Of a row of a batch, before any activation.
constexpr double kBytesPerRow = 3 * sizeof(int32_t);

MemoryPlan plan_of(const model::Model& model, const train::Objective& objective, const TrainConfig& config,
                   int64_t batch_size, Checkpointing level) {
  MemoryPlan plan = train::plan_memory({.model = model,
                                        .objective = objective,
                                        .dtype = activation_type(config.precision),
                                        .optimizer = config.optimizer,
                                        .batch_size = batch_size,
                                        .sequence_length = config.data.sequence_length,
                                        .checkpointing = level});
  if (config.ema_decay > 0) plan.optimizer += plan.gradients;  // an average has the size of the gradients
  return plan;
}

// What a step may take.
size_t limit_of(const TrainConfig& config) {
  auto machine = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  return static_cast<size_t>(config.memory_limit > 0 ? std::min(config.memory_limit, machine) : machine);
}

Error does_not_fit(const MemoryPlan& plan, size_t limit, const std::vector<std::string>& ways) {
  std::string remedy = ways.empty() ? "use a smaller model" : "use ";
  for (size_t i = 0; i < ways.size(); ++i) remedy += (i ? ", or " : "") + ways[i];
  return out_of_memory(fmt::format("a step needs {}, there is {}", format_bytes(static_cast<double>(plan.total())),
                                   format_bytes(static_cast<double>(limit))),
                       "train.batch_size", remedy);
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

Result<FittedMemory> fit_memory(const model::Model& model, const train::Objective& objective, TrainConfig& config) {
  const size_t limit = limit_of(config);
  // Ids, positions and targets alone: said before a rehearsal makes as many.
  const double rows = static_cast<double>(config.batch_size) * static_cast<double>(config.data.sequence_length);
  if (rows * kBytesPerRow > static_cast<double>(limit))
    return out_of_memory(fmt::format("{} sequences of {} tokens at once do not fit {}", config.batch_size,
                                     config.data.sequence_length, format_bytes(static_cast<double>(limit))),
                         "train.batch_size", "use a smaller batch_size with more gradient_accumulation");
  FittedMemory fitted{.level = config.checkpointing.value_or(Checkpointing::kCheap)};
  fitted.plan = plan_of(model, objective, config, config.batch_size, fitted.level);
  if (fitted.plan.total() <= limit) return fitted;
  std::vector<Checkpointing> levels{fitted.level};
  if (!config.checkpointing) levels.push_back(Checkpointing::kBlock);
  const int64_t sequences = config.sequences_per_step();
  // Only who names a limit lets the program choose: otherwise a batch of another size would come as a surprise.
  const bool may_choose = config.memory_limit > 0;
  std::vector<std::string> ways;
  for (int64_t batch = config.batch_size; batch >= 1 && ways.size() < kNamedWays; --batch) {
    if (sequences % batch != 0) continue;
    for (Checkpointing level : levels) {
      MemoryPlan plan = plan_of(model, objective, config, batch, level);
      if (plan.total() > limit) continue;
      if (may_choose) {
        config.batch_size = batch;
        config.gradient_accumulation = sequences / batch;
        return FittedMemory{plan, level};
      }
      if (ways.size() < kNamedWays)
        ways.push_back(fmt::format("batch_size {} with checkpointing {}", batch, level_name(level)));
    }
  }
  return does_not_fit(fitted.plan, limit, ways);
}

size_t arena_bytes(const MemoryPlan& plan) {
  constexpr size_t kRoom = size_t{16} << 20;
  return plan.activations + plan.activations / 8 + kRoom;
}

}  // namespace malmoi::app
