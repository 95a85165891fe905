// Fitting a step into memory before anything is allocated.
#pragma once

#include <cstdint>
#include <optional>

#include "autograd/context.h"
#include "base/error.h"
#include "base/job.h"
#include "model/model.h"
#include "train/config.h"
#include "train/rehearsal.h"

namespace malmoi::app {

struct FittedMemory {
  train::MemoryPlan plan;
  autograd::Checkpointing level = autograd::Checkpointing::kCheap;
};

/// Bytes of this machine's memory.
int64_t machine_memory();

/// Checkpointing level and largest batch that keep within memory_limit and the memory of the machine, this one or another;
/// batch_size and accumulation of `config` are changed so that their product stays. Errors: what a step needs, what there
/// is, what would fit; a stop.
Result<FittedMemory> fit_memory(const model::Model& model, const train::Objective& objective,
                                train::TrainConfig& config, const StopToken& stop, int64_t machine = machine_memory());

/// What a step of the configuration as it stands takes, whether it fits or not. None where its ids and embeddings alone are
/// more than this machine could rehearse.
std::optional<FittedMemory> unfitted_memory(const model::Model& model, const train::Objective& objective,
                                            const train::TrainConfig& config);

/// The capacity of a step's arena, bytes: a little room beyond the plan, since documents cut rows into more runs than
/// the rehearsal had.
size_t arena_bytes(const train::MemoryPlan& plan);

/// none, cheap or block.
const char* level_name(autograd::Checkpointing level);

}  // namespace malmoi::app
