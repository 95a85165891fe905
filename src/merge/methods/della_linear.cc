// DELLA without a consensus of signs.
#include "merge/task_vectors.h"

namespace malmoi::merge::della_linear {

static Result<std::vector<float>> merge(Ingredients& all) { return merge_task_vectors(all, drop_by_rank, false); }

extern const Method method{.name = "della_linear",
                           .settings = {"weight", "density", "normalize", "rescale", "lambda", "int8_mask", "epsilon"},
                           .needs_base = true,
                           .needs_weight = true,
                           .normalize = false,
                           .rescale = true,
                           .merge = merge};

}  // namespace malmoi::merge::della_linear
