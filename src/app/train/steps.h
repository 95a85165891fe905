// The steps of a run: stepper and loop of train/, told what to show, sample and export.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/train/data.h"
#include "app/train/display.h"
#include "app/train/export.h"
#include "app/train/memory.h"
#include "app/train/outputs.h"
#include "app/train/samples.h"
#include "app/train/speed.h"

namespace malmoi::app {

struct StepsInput {
  const train::TrainConfig& config;
  int64_t steps = 0;
  uint64_t sequences = 0;  // above 0: after so many the run ends
  const FittedMemory& memory;
  const PreparedData& data;
  model::Model& model;
  const train::Objective& objective;
  std::vector<Tensor>& average;  // of the weights, one a trained parameter; empty: none is kept
  bool resume = false;
  std::optional<std::string> trace;  // where a Chrome trace of the kernels goes
  std::function<bool()> stop = {};   // beside the job's own: whether the run is asked to stop from outside
};

/// Times the first steps of a run, for about `seconds`, and an evaluation: a batch of it for all, the outputs that are scored, the
/// samples, and the model as it is written where it is the best; then a checkpoint. Nothing of them stays but the model's
/// gradients: fill it anew. Errors: no memory; a stop that was asked for.
Result<Speed> measure_steps(const StepsInput& input, const OutputMeter& outputs, const SampleWriter& samples,
                            const ModelExport& exports, double seconds, const Job& job);

/// Runs until the steps are done, validation stops improving, or job.stop or input.stop asks; see train::run_loop.
Result<train::LoopResult> run_steps(const StepsInput& input, RunDisplay& display, SampleWriter& samples,
                                    const OutputMeter& outputs, const ModelExport& exports, const Job& job);

}  // namespace malmoi::app
