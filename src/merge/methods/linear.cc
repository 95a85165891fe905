// Weighted means (Wortsman et al. 2022, "Model soups"): sum w_i x_i, over sum w_i unless `normalize` is false.
#include "merge/method.h"
#include "merge/sums.h"

namespace malmoi::merge::linear {

static Result<std::vector<float>> merge(Ingredients& all) {
  double total = 0;
  std::vector<float> sum(all.elements(), 0.0f);
  for (const Input& input : all.inputs) {
    total += *input.weight;
    add_scaled(sum, input.values, static_cast<float>(*input.weight));
  }
  if (!all.normalize) return sum;
  if (total == 0)
    return usage_error("the weights of '" + all.name + "' add up to 0, by which nothing can be divided", "parameters",
                       "change a weight, or say normalize: false");
  scale_all(sum, static_cast<float>(1 / total));
  return sum;
}

extern const Method method{.name = "linear",
                           .settings = {"weight", "normalize"},
                           .needs_weight = true,
                           .weighs_base = true,
                           .normalize = true,
                           .merge = merge};

}  // namespace malmoi::merge::linear
