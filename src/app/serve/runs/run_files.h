// What the files of a training run say of it, whether it is at work or not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/open_folder.h"

namespace malmoi::app {

enum class RunState { kRunning, kFinished, kStopped, kFailed };
const char* name_of(RunState state);

/// How a run stands, and how that is known.
struct RunStanding {
  RunState state = RunState::kFailed;
  std::string
      known_by;  // lock (a process holds it), result or early_stopping (run.json), no_result (nothing tells an end)
};

/// Whether a folder holds a training run: its metrics stand there, or a configuration of training.
bool is_run(const OpenFolder& folder);

/// A run is at work as long as its lock is held; else run.json tells its end, if it is of the call that begun.json is of. A run
/// without one was killed, or ended with an error.
RunStanding standing_of(const OpenFolder& folder);

/// For a list of runs: name, state, known_by, architecture, parameters, steps, total_steps, loss, valid_loss, best_valid_loss, started,
/// updated; null where the files do not say it. What is asked of a file is read from its end, however long it is.
Json summary_of(const OpenFolder& folder, const std::string& name);

/// The configuration as the run resolved it; null where it is not JSON (it is not expanded from the environment here).
Json configuration_of(const OpenFolder& folder);
/// run.json, chosen.json or begun.json; null where it is not there or no JSON object.
Json object_of(const OpenFolder& folder, const std::string& file);

/// A line of samples.jsonl; null: it is none.
Json sample_of(const std::string& line);
/// Whether a sample was written behind the step `after` of metrics.jsonl, where steps count from 0 and those of samples say how many
/// were done; after -1, so are those from before the first step.
bool is_behind(const Json& sample, int64_t after);

/// The last bytes of a text file, from the beginning of a line, as a text; empty where there is none.
std::string tail_of(const OpenFolder& folder, const std::string& file, size_t most);

}  // namespace malmoi::app
