// Leaving elements of a task vector (a model's tensor minus the base's) out: what TIES, DARE, Breadcrumbs and DELLA differ in.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "merge/method.h"

namespace malmoi::merge {

/// What a rule may read beside the values, which it sets to 0 where they are left out.
struct SparsifyArguments {
  std::string_view tensor;
  std::span<const int64_t> shape;
  double density = 1, gamma = 0, epsilon = 0;
  uint64_t seed = 1, stream = 0;  // of draws: `stream` is the number of the model
};
using Sparsify = Status (*)(std::vector<float>& values, const SparsifyArguments& arguments);

/// TIES (Yadav et al. 2023): the int(density n) elements of the largest |x| stay, at least one where density is above 0; of equals the
/// first.
Status keep_largest(std::vector<float>& values, const SparsifyArguments& arguments);

/// Breadcrumbs (Davari and Belilovsky 2023): of n elements the int(gamma n) largest |x| go, and the smallest until int(density n) are
/// left; fewer large ones where that is too many.
Status drop_both_ends(std::vector<float>& values, const SparsifyArguments& arguments);

/// DARE (Yu et al. 2024): each element stays with probability `density`.
Status drop_at_random(std::vector<float>& values, const SparsifyArguments& arguments);

/// DELLA (Deep et al. 2024): each stays with a probability that rises with the rank of its |x| among those of its row (the second
/// dimension; a vector is one row), from density - epsilon to density + epsilon. Error: those are not within (0, 1).
Status drop_by_rank(std::vector<float>& values, const SparsifyArguments& arguments);

}  // namespace malmoi::merge
