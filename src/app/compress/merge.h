// `malmoi merge`: several models become one, as a recipe in mergekit's form says.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "base/json.h"
#include "merge/merge.h"

namespace malmoi::app {

struct ModelMergeOptions {
  Path recipe;
  Path out;
  uint64_t seed = 1;  // of draws
};

struct ModelMergeReport {
  Path out;
  std::string method;
  std::vector<std::string> models;
  merge::MergeReport written;
};
Json to_json(const ModelMergeReport& report);

/// Writes a folder with the merged model, the first model's tokenizer (or the one that the recipe asks for) and the recipe itself,
/// mergekit_config.yml. Errors: a recipe, a model or a file that says something else than it may; the folder of one of the models as
/// that of the result.
Result<ModelMergeReport> merge_by_recipe(const ModelMergeOptions& options, const Job& job);

}  // namespace malmoi::app
