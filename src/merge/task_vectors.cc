#include "merge/task_vectors.h"

#include <cmath>

#include "merge/sums.h"

namespace malmoi::merge {
namespace {

constexpr double kLeastNormScaled = 1e-7;  // below, a norm is as good as 0
constexpr double kLeastDivisor = 1e-8;

struct Delta {
  std::vector<float> values;
  float weight;
};

Status sparsify_delta(std::vector<float>& delta, Sparsify sparsify, const SparsifyArguments& arguments, bool rescale) {
  const double before = rescale ? l1_norm(delta) : 0;
  MALMOI_TRY(sparsify(delta, arguments));
  if (!rescale || arguments.density >= 1) return {};
  const double after = l1_norm(delta);
  if (before >= kLeastNormScaled && after >= kLeastNormScaled) scale_all(delta, static_cast<float>(before / after));
  return {};
}

Result<std::vector<Delta>> deltas_of(Ingredients& all, std::span<const float> base, Sparsify sparsify) {
  std::vector<Delta> deltas;
  for (size_t i = 0; i < all.inputs.size(); ++i) {
    if (i == *all.base) continue;
    Input& input = all.inputs[i];
    subtract(input.values, base);
    if (sparsify) {
      const SparsifyArguments arguments{.tensor = all.name,
                                        .shape = all.shape,
                                        .density = input.density,
                                        .gamma = input.gamma,
                                        .epsilon = input.epsilon,
                                        .seed = all.seed,
                                        .stream = i};
      MALMOI_TRY(sparsify_delta(input.values, sparsify, arguments, all.rescale));
    }
    deltas.push_back({std::move(input.values), static_cast<float>(*input.weight)});
  }
  return deltas;
}

// The mean (or sum) at one element of those that agree in sign.
float agreed(const std::vector<Delta>& deltas, size_t i, bool normalize) {
  float sum = 0;
  for (const Delta& delta : deltas) sum += delta.weight * delta.values[i];
  const bool positive = sum >= 0;
  float mixed = 0, divisor = 0;
  for (const Delta& delta : deltas) {
    const float weighted = delta.weight * delta.values[i];
    if (positive ? weighted > 0 : weighted < 0) {
      mixed += weighted;
      divisor += delta.weight;
    }
  }
  return normalize && divisor != 0 ? mixed / divisor : mixed;
}

}  // namespace

Result<std::vector<float>> merge_task_vectors(Ingredients& all, Sparsify sparsify, bool sign_consensus) {
  std::vector<float> merged = std::move(all.inputs[*all.base].values);
  MALMOI_ASSIGN(const std::vector<Delta> deltas, deltas_of(all, merged, sparsify));
  const auto lambda = static_cast<float>(all.lambda);
  if (sign_consensus) {
    over_elements(merged.size(), [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) merged[i] += lambda * agreed(deltas, i, all.normalize);
    });
    return merged;
  }
  double total = 0;
  for (const Delta& delta : deltas) total += static_cast<double>(delta.weight);
  const double divisor = all.normalize && std::abs(total) >= kLeastDivisor ? total : 1;
  const auto scale = static_cast<float>(all.lambda / divisor);
  over_elements(merged.size(), [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      float mixed = 0;
      for (const Delta& delta : deltas) mixed += delta.weight * delta.values[i];
      merged[i] += scale * mixed;
    }
  });
  return merged;
}

}  // namespace malmoi::merge
