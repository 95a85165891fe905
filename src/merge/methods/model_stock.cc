// Model Stock (Jang et al. 2024): between the base and the mean of N models made from it, as far as their angle says.
//
//   t = N cos / (1 + (N - 1) cos);   t mean(w_i) + (1 - t) base
//
// cos: the mean over pairs of the cosine between w_i - base and w_j - base, of the whole tensor, or row by row (`filter_wise`). Where
// the divisor is 0 (two models that went opposite ways) t is 0.
#include <algorithm>
#include <cmath>

#include "merge/method.h"
#include "merge/sums.h"

namespace malmoi::merge::model_stock {

static constexpr double kLeastProduct = 1e-6, kLeastDivisor = 1e-6;

static double mean_cosine(const std::vector<std::vector<float>>& offsets, size_t begin, size_t count) {
  double sum = 0;
  size_t pairs = 0;
  auto part = [&](size_t i) { return std::span(offsets[i]).subspan(begin, count); };
  for (size_t i = 0; i < offsets.size(); ++i) {
    for (size_t j = i + 1; j < offsets.size(); ++j, ++pairs) {
      const double norms = std::sqrt(dot(part(i), part(i)) * dot(part(j), part(j)));
      sum += std::clamp(dot(part(i), part(j)) / std::max(norms, kLeastProduct), -1.0, 1.0);
    }
  }
  return sum / static_cast<double>(pairs);
}

static Result<std::vector<float>> merge(Ingredients& all) {
  std::vector<float> mixed = std::move(all.inputs[*all.base].values);  // the base, at first
  std::vector<std::vector<float>> offsets;
  for (size_t i = 0; i < all.inputs.size(); ++i) {
    if (i == *all.base) continue;
    offsets.push_back(std::move(all.inputs[i].values));
    subtract(offsets.back(), mixed);
  }
  const auto n = static_cast<double>(offsets.size());
  const bool by_rows = all.filter_wise && all.shape.size() > 1;
  const size_t row = by_rows ? std::max<size_t>(static_cast<size_t>(all.shape.back()), 1) : mixed.size();
  for (size_t begin = 0; begin < mixed.size(); begin += row) {
    const double cosine = mean_cosine(offsets, begin, row);
    const double divisor = 1 + (n - 1) * cosine;
    const double t = std::abs(divisor) < kLeastDivisor ? 0 : n * cosine / divisor;
    for (const std::vector<float>& offset : offsets) {
      for (size_t i = begin; i < begin + row; ++i) mixed[i] += static_cast<float>(t / n) * offset[i];
    }
  }
  return mixed;
}

extern const Method method{
    .name = "model_stock", .settings = {"filter_wise"}, .needs_base = true, .least = 3, .merge = merge};

}  // namespace malmoi::merge::model_stock
