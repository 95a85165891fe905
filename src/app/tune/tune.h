// `malmoi tune`: a model and a file of examples to a model that is better at them. What is chosen, is said and written as a training
// configuration; nothing is asked.
#pragma once

#include <string>
#include <vector>

#include "app/train/results.h"
#include "app/tune/draft.h"
#include "app/tune/goal.h"
#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "base/json.h"

namespace malmoi::app {

struct TuneOptions {
  std::string model;
  Path data, out;  // out empty: runs/GOAL-DATA
  TuneGoal goal = TuneGoal::kChat;
  double minutes = 0;                    // the run takes at most about so many; 0: as long as its epochs take
  std::vector<std::string> assignments;  // KEY=VALUE over what is chosen
  bool dry_run = false;                  // the configuration is written, and nothing is trained
  bool merge = false;                    // an adapter is merged into OUT/model
};

struct TuneReport {
  std::vector<TuneChoice> choices;
  std::string found;   // in the data
  std::string config;  // the configuration's file
  PlanReport plan;     // of it
  double seconds = 0;  // that training takes by the plan
  // Of a run that was trained:
  bool trained = false;
  std::string model;  // what opens by --model: OUT
  Json before = Json::object(),
       after = Json::object();        // figures of the held-out rows, by name; after: of the best model
  std::string changes;                // of these figures, for people; empty: nothing was held out
  std::vector<std::string> commands;  // to use it
};
Json to_json(const TuneReport& report);

/// Writes OUT/tune.yaml and trains by it, as `malmoi train OUT/tune.yaml` does: OUT is then such a run. Errors: a model that is not of the
/// goal's kind, data of another shape, what does not fit into memory in any way; as train(). A stop says how to go on.
Result<TuneReport> tune(const TuneOptions& options, const Job& job);

}  // namespace malmoi::app
