// DARE with the sign consensus of TIES.
#include "merge/task_vectors.h"

namespace malmoi::merge::dare_ties {

static Result<std::vector<float>> merge(Ingredients& all) { return merge_task_vectors(all, drop_at_random, true); }

extern const Method method{.name = "dare_ties",
                           .settings = {"weight", "density", "normalize", "rescale", "lambda", "int8_mask"},
                           .needs_base = true,
                           .needs_weight = true,
                           .normalize = false,
                           .rescale = true,
                           .merge = merge};

}  // namespace malmoi::merge::dare_ties
