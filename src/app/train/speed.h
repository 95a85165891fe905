// How long the steps and the evaluations of a run take: measured before its length is chosen.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/error.h"
#include "base/log.h"

namespace malmoi::app {

using Clock = std::function<double()>;  // seconds since some moment

/// Seconds of what a run is made of.
struct Speed {
  double step_seconds = 0;
  double evaluation_seconds = 0;  // of all that is done at an evaluation; 0: there is none
  double save_seconds = 0;        // of a checkpoint
};

/// What is timed, and by which clock.
struct TimedRun {
  std::function<Status(int64_t step)> step;
  /// Of an evaluation, which does it `times` times.
  struct Part {
    std::function<Status()> run;
    double times = 1;
  };
  std::vector<Part> evaluation;
  std::function<Status()> save = {};  // a checkpoint; empty: none is timed
  Clock clock = monotonic_seconds;
};

/// Times steps for about `seconds` behind the first one, which touches memory and makes code, then each part of an evaluation
/// and a checkpoint once. Errors: those of what is timed.
Result<Speed> measure_speed(const TimedRun& run, double seconds);

}  // namespace malmoi::app
