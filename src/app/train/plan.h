// `malmoi plan`: what a training configuration will take, before anything runs.
#pragma once

#include "app/train/results.h"
#include "base/config.h"
#include "base/error.h"
#include "base/job.h"

namespace malmoi::app {

/// Parameters, FLOPs, memory and time. The time comes from products measured for a moment on this machine. Errors: those
/// of the configuration; a step that does not fit, with what would; a stop.
Result<PlanReport> plan(const ConfigDocument& document, const StopToken& stop = {});

}  // namespace malmoi::app
