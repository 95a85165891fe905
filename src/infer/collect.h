// The whole answers to many requests, where nobody waits for their first words.
#pragma once

#include <span>
#include <vector>

#include "base/job.h"
#include "infer/scheduler.h"

namespace malmoi::infer {

/// Runs the requests together; gives the ids of each answer, in the requests' order. An answer ends with one of `ends`, which
/// is its last id, or with its request's max_tokens. Errors: a request that cannot run, a failure in a step, a stop.
Result<std::vector<std::vector<int32_t>>> collect(Scheduler& scheduler, std::vector<TokenRequest> requests,
                                                  std::span<const int32_t> ends, const StopToken& stop);

}  // namespace malmoi::infer
