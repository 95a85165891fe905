// `malmoi train`: a configuration to a trained model in its run folder.
#pragma once

#include <optional>
#include <string>

#include "app/train/results.h"
#include "base/config.h"
#include "base/error.h"
#include "base/job.h"

namespace malmoi::app {

struct TrainOptions {
  bool resume = false;
  std::optional<std::string> trace;  // where a Chrome trace of the kernels goes; a table of them is told, too
};

/// Leaves in OUT: config.yaml, metrics.jsonl, events for TensorBoard, checkpoints, best, model, run.json, samples.jsonl,
/// report.html. The result is what run.json holds. Without `resume` an OUT that holds a run is refused. Stopped, a run
/// leaves a checkpoint and its models, and the error is kCancelled; another one where that checkpoint could not be written.
Result<TrainReport> train(const ConfigDocument& document, const TrainOptions& options, const Job& job);

}  // namespace malmoi::app
