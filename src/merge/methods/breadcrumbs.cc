// Model Breadcrumbs (Davari and Belilovsky 2023): differences without the largest and without the smallest; added up.
#include "merge/task_vectors.h"

namespace malmoi::merge::breadcrumbs {

static Result<std::vector<float>> merge(Ingredients& all) { return merge_task_vectors(all, drop_both_ends, false); }

extern const Method method{.name = "breadcrumbs",
                           .settings = {"weight", "density", "normalize", "rescale", "lambda", "int8_mask", "gamma"},
                           .needs_base = true,
                           .needs_weight = true,
                           .normalize = false,
                           .rescale = false,
                           .merge = merge};

}  // namespace malmoi::merge::breadcrumbs
