// Recipes: stages declared in one YAML file; only those run again whose inputs, settings or outputs changed.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "base/error.h"
#include "base/file.h"
#include "base/job.h"

namespace malmoi::app {

/// One call of a stage's work.
struct StageCall {
  ConfigDocument settings;   // as if the stage's settings stood in a file of their own; lines are the recipe's
  std::vector<Path> inputs;  // as declared
  Path out;                  // the folder that the stage fills; it is there, with the recipe's mark in it
  bool resume = false;       // an earlier call of the same stage was interrupted, and what it left is in `out`
  const Job& job;
};

/// A kind of stage: a line of the table in stage_kinds.cc.
struct StageKind {
  std::string_view name;
  std::string_view summary;
  /// Goes up when the same settings make something else than before.
  int version = 1;
  /// An interrupted call is continued from what it left; otherwise that is removed and the work starts again.
  bool resumes = false;
  /// What the settings name beside `inputs`: configuration keys whose values are paths.
  std::vector<Path> (*implied_inputs)(const Json& settings) = nullptr;
  Status (*run)(const StageCall& call) = nullptr;
  /// What a finished stage has to show people, as text; null: nothing.
  Result<std::string> (*show)(const Path& out) = nullptr;
  /// The same for programs; null: nothing.
  Result<Json> (*result)(const Path& out) = nullptr;
};

/// Every kind; a test walks it.
std::span<const StageKind> stage_kinds();

struct Stage {
  std::string name;
  const StageKind* kind = nullptr;
  ConfigDocument settings;
  std::vector<Path> inputs;   // as declared
  std::vector<Path> implied;  // what the settings name beside those
  Path out;
};

/// A recipe file:
///
///     schema_version: 1
///     work: runs/first              # where the state of the stages is kept (work/.recipe)
///     stages:
///       - name: corpus              # unique
///         kind: data                # see stage_kinds()
///         inputs: [documents]       # files and folders that the result depends on
///         settings: {...}           # of the kind; or config: FILE.yaml to read them from a file
///         out: runs/first/corpus    # (default: work/name)
///
/// Stages run in the order written. Relative paths are from the current directory. Errors name the line.
struct Recipe {
  std::string file;
  Path work;
  std::vector<Stage> stages;
};
Result<Recipe> read_recipe(const Path& path, std::span<const StageKind> kinds = stage_kinds());

struct RecipeOptions {
  bool dry_run = false;  // only say what would run, and why
  std::string again;     // this stage and all after it run whatever their state
  std::string until;     // stop after this stage
};

/// What became of a stage.
struct StageOutcome {
  std::string name;
  bool ran = false;
  std::string reason;  // why it ran (or would): "never ran", "was interrupted", "settings.vocab_size changed" ...
  double seconds = 0;
};

/// Runs what has to run. State is written before and after each stage, in one step, so a run killed at any moment goes on
/// where it was: a stage that was interrupted runs again, with `resume` if its kind can. What an outdated stage made is
/// removed before it runs again, if this recipe made it. Errors: those of the stages, with the name of the stage; a
/// second run of the same recipe at the same time. kCancelled after a stop.
Result<std::vector<StageOutcome>> run_recipe(const Recipe& recipe, const RecipeOptions& options, const Job& job);

}  // namespace malmoi::app
