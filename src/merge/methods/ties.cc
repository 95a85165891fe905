// TIES (Yadav et al. 2023): the largest differences of each model, and of those at one element only what agrees in sign.
#include "merge/task_vectors.h"

namespace malmoi::merge::ties {

static Result<std::vector<float>> merge(Ingredients& all) { return merge_task_vectors(all, keep_largest, true); }

extern const Method method{.name = "ties",
                           .settings = {"weight", "density", "normalize", "rescale", "lambda", "int8_mask"},
                           .needs_base = true,
                           .needs_weight = true,
                           .normalize = true,
                           .rescale = false,
                           .merge = merge};

}  // namespace malmoi::merge::ties
