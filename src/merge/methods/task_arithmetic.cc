// Task arithmetic (Ilharco et al. 2023): the base, and what each model differs by, times its weight.
#include "merge/task_vectors.h"

namespace malmoi::merge::task_arithmetic {

static Result<std::vector<float>> merge(Ingredients& all) { return merge_task_vectors(all, nullptr, false); }

extern const Method method{.name = "task_arithmetic",
                           .settings = {"weight", "normalize", "lambda", "int8_mask"},
                           .needs_base = true,
                           .needs_weight = true,
                           .normalize = false,
                           .rescale = false,
                           .merge = merge};

}  // namespace malmoi::merge::task_arithmetic
