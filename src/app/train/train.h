// `malmoi train` and `malmoi plan`: a configuration to a trained model in its run folder.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/config.h"
#include "base/error.h"
#include "base/json.h"

namespace malmoi::app {

struct TrainOptions {
  bool resume = false;
  std::optional<std::string> profile;  // where the Chrome trace goes; a table is printed too
};

/// Progress for people; the caller decides how it is shown.
struct TrainEvents {
  std::function<void(const std::string& line)> progress;  // the live line
  std::function<void(const std::string& line)> message;   // what stays
  std::function<bool()> stop_requested;
};

/// Leaves in OUT: config.yaml, metrics.jsonl, events for TensorBoard, checkpoints, best, model, run.json, samples.jsonl,
/// report.html. The result is run.json. Without `resume` an OUT that holds a run is refused.
Result<Json> train(const ConfigDocument& document, const TrainOptions& options, const TrainEvents& events);

/// Parameters, FLOPs, memory and time of a configuration, before anything runs. `time_seconds` comes from products
/// measured for a moment on this machine.
Result<Json> plan(const ConfigDocument& document);

}  // namespace malmoi::app
