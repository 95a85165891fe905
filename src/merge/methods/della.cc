// DELLA (Deep et al. 2024): small differences dropped more often than large ones, with the sign consensus of TIES.
#include "merge/task_vectors.h"

namespace malmoi::merge::della {

static Result<std::vector<float>> merge(Ingredients& all) { return merge_task_vectors(all, drop_by_rank, true); }

extern const Method method{.name = "della",
                           .settings = {"weight", "density", "normalize", "rescale", "lambda", "int8_mask", "epsilon"},
                           .needs_base = true,
                           .needs_weight = true,
                           .normalize = true,
                           .rescale = true,
                           .merge = merge};

}  // namespace malmoi::merge::della
