// `malmoi data build`: documents in, a corpus out.
#pragma once

#include <string>
#include <vector>

#include "base/config.h"
#include "data/build/build.h"

namespace malmoi::app {

struct DataBuildOptions {
  std::string recipe;            // a YAML file; empty: the default recipe over `in`
  std::vector<std::string> in;   // with a recipe: instead of its sources
  std::string out;               // empty: the recipe's
  std::vector<std::string> set;  // KEY=VALUE over the recipe
  uint64_t memory_bytes = 0;     // 0: a quarter of the machine's
  int rank = -1, world = 0;      // -1, 0: as whatever started the process says (data_rank.h)
  bool keep_work = false, force = false;
};

/// The recipe that the options ask for.
Result<data::Recipe> data_recipe(const DataBuildOptions& options);
/// The same from a configuration in memory, as the stage of a larger recipe.
Result<data::Recipe> data_recipe(ConfigDocument document, const DataBuildOptions& options);

/// Builds it. Progress goes to the callback, from one thread at a time.
Result<data::BuildResult> data_build(const data::Recipe& recipe, const DataBuildOptions& options,
                                     const data::OnBuildProgress& progress);
/// What would happen to the first n documents.
Result<Json> data_dry_run(const data::Recipe& recipe, const DataBuildOptions& options, uint64_t n);

/// A line for people from a report: what was read, kept, dropped.
std::string data_summary(const Json& report);

/// Shows progress as a line with documents/s, MB/s and time left.
data::OnBuildProgress data_progress_line();

}  // namespace malmoi::app
