// Where a run stands between two steps: what a checkpoint holds beside the tensors, looked at when it is read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "train/spike_watch.h"

namespace malmoi::train {

struct RunState {
  int64_t step = 0;               // that are done
  int64_t updates = 0;            // of those, that changed the weights
  int64_t epoch = 0, offset = 0;  // of the next sequence in the data
  int64_t bad_evaluations = 0, bad_steps = 0, skipped_steps = 0;
  int64_t best_step = -1;  // -1: nothing was measured
  double best_valid_loss = 0;
  std::string best_metric = "loss";  // what `best_score` is of
  double best_score = 0;
  bool stopped_early = false;
  std::optional<double> last_loss, last_valid_loss;  // NaN where they were not finite
  SpikeWatch::State spikes;
};

/// A loss that is not finite becomes null.
Json to_json(const RunState& state);
/// `json` may hold other fields, too; `file` is for the error: a field of another type or out of range.
Result<RunState> read_run_state(const Json& json, const std::string& file);

}  // namespace malmoi::train
