// Model Breadcrumbs with the sign consensus of TIES.
#include "merge/task_vectors.h"

namespace malmoi::merge::breadcrumbs_ties {

static Result<std::vector<float>> merge(Ingredients& all) { return merge_task_vectors(all, drop_both_ends, true); }

extern const Method method{.name = "breadcrumbs_ties",
                           .settings = {"weight", "density", "normalize", "rescale", "lambda", "int8_mask", "gamma"},
                           .needs_base = true,
                           .needs_weight = true,
                           .normalize = false,
                           .rescale = false,
                           .merge = merge};

}  // namespace malmoi::merge::breadcrumbs_ties
