// `malmoi data build`: documents in, a corpus out.
#pragma once

#include <string>
#include <vector>

#include "base/config.h"
#include "data/build/build.h"
#include "data/build/inspect.h"

namespace malmoi::app {

struct DataBuildOptions {
  std::string recipe;            // a YAML file; empty: the default recipe over `in`
  std::vector<std::string> in;   // with a recipe: instead of its sources
  std::string out;               // empty: the recipe's
  std::vector<std::string> set;  // KEY=VALUE over the recipe
  uint64_t memory_bytes = 0;     // 0: a quarter of the machine's
  int rank = -1, world = 0;      // -1, 0: as whatever started the process says (rank.h)
  bool keep_work = false, force = false;
};

/// The recipe that the options ask for.
Result<data::Recipe> data_recipe(const DataBuildOptions& options);
/// The same from a configuration in memory, as the stage of a larger recipe.
Result<data::Recipe> data_recipe(ConfigDocument document, const DataBuildOptions& options);

/// Builds it; see data/build/build.h.
Result<data::BuildResult> data_build(const data::Recipe& recipe, const DataBuildOptions& options, const Job& job);
/// What would happen to the first n documents.
Result<std::vector<data::DryRunDocument>> data_dry_run(const data::Recipe& recipe, const DataBuildOptions& options,
                                                       uint64_t n, const Job& job);

/// A line for people from a report: what was read, kept, dropped.
std::string data_summary(const Json& report);

}  // namespace malmoi::app
