// `malmoi plan`: what a training configuration will take, before anything runs.
#pragma once

#include <optional>
#include <string>

#include "app/train/results.h"
#include "base/config.h"
#include "base/error.h"
#include "base/job.h"

namespace malmoi::app {

/// The machine that is planned for; this one as far as nothing is said.
struct PlanOptions {
  std::optional<std::string> memory;  // as 64GB
  std::optional<double> rate;         // FLOP/s of its products; else measured for a moment here
};

/// Parameters, FLOPs, memory and time. What does not fit is planned all the same, with what would fit. Errors: those of the
/// configuration; data that cannot be read, where the number of steps follows from it; a stop.
Result<PlanReport> plan(const ConfigDocument& document, const PlanOptions& options = {}, const StopToken& stop = {});

}  // namespace malmoi::app
