// Merging models as a recipe says: tensor by tensor, from the maps of their files to the shards of a new folder. Memory for one tensor
// of each model in f32 is all that it takes, so the models may be larger than memory.
#pragma once

#include <span>

#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "merge/recipe.h"

namespace malmoi::merge {

struct MergeReport {
  uint64_t tensors = 0, parameters = 0, bytes = 0;
  int64_t layers = 0, vocab_size = 0;
};

/// Writes config.json and the weights; what else stands beside weights is the caller's to copy. `folders`: of recipe.models().
/// Errors: those of a plan, a tensor whose values are not finite, with the model that it comes from, and what writing says.
Result<MergeReport> merge_models(const Recipe& recipe, std::span<const Path> folders, const Path& out, uint64_t seed,
                                 const Job& job);

}  // namespace malmoi::merge
