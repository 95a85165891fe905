// DARE (Yu et al. 2024): differences dropped at random, the rest scaled up; added up.
#include "merge/task_vectors.h"

namespace malmoi::merge::dare_linear {

static Result<std::vector<float>> merge(Ingredients& all) { return merge_task_vectors(all, drop_at_random, false); }

extern const Method method{.name = "dare_linear",
                           .settings = {"weight", "density", "normalize", "rescale", "lambda", "int8_mask"},
                           .needs_base = true,
                           .needs_weight = true,
                           .normalize = false,
                           .rescale = true,
                           .merge = merge};

}  // namespace malmoi::merge::dare_linear
