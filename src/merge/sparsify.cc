#include "merge/sparsify.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/hash.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "merge/sums.h"

namespace malmoi::merge {
namespace {

// Draws of one tensor of one model: element i has a number of its own in [0, 1).
class Draws {
 public:
  explicit Draws(const SparsifyArguments& a) : key_(a.seed), stream_(hash64(a.tensor, a.stream + 1)) {}
  double operator()(size_t i) const { return static_cast<double>(philox(key_, stream_, i >> 2)[i & 3]) * 0x1p-32; }

 private:
  uint64_t key_, stream_;
};

size_t share_of(double share, size_t n) {
  return std::min(n, static_cast<size_t>(std::max(share, 0.0) * static_cast<double>(n)));
}

// Elements by |x|, the largest first; of equals the first.
auto larger(const std::vector<float>& values) {
  return [&values](size_t a, size_t b) {
    const float x = std::abs(values[a]), y = std::abs(values[b]);
    return x != y ? x > y : a < b;
  };
}

// Puts the numbers of the `n` largest elements before the others.
void part_largest(std::vector<size_t>& order, size_t n, const std::vector<float>& values) {
  if (n == 0 || n >= order.size()) return;
  std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(n), order.end(), larger(values));
}

std::vector<size_t> all_of(const std::vector<float>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  return order;
}

}  // namespace

Status keep_largest(std::vector<float>& values, const SparsifyArguments& a) {
  if (a.density >= 1) return {};
  const size_t kept = share_of(a.density, values.size());
  if (kept == 0)
    return usage_error(
        "a density of " + std::to_string(a.density) + " leaves nothing of tensor '" + std::string(a.tensor) + "'",
        "density", "give a larger one");
  std::vector<size_t> order = all_of(values);
  part_largest(order, kept, values);
  for (size_t i = kept; i < order.size(); ++i) values[order[i]] = 0;
  return {};
}

Status drop_both_ends(std::vector<float>& values, const SparsifyArguments& a) {
  if (a.density >= 1) return {};
  const size_t n = values.size(), kept = share_of(a.density, n);
  size_t large = std::min(share_of(a.gamma, n), n - kept);
  if (large == 0) {
    std::ranges::fill(values, 0.0f);
    return {};
  }
  std::vector<size_t> order = all_of(values);
  part_largest(order, large, values);
  std::vector<size_t> rest(order.begin() + static_cast<std::ptrdiff_t>(large), order.end());
  for (size_t i = 0; i < large; ++i) values[order[i]] = 0;
  part_largest(rest, kept, values);
  for (size_t i = kept; i < rest.size(); ++i) values[rest[i]] = 0;
  return {};
}

Status drop_at_random(std::vector<float>& values, const SparsifyArguments& a) {
  if (a.density >= 1) return {};
  const Draws draws(a);
  over_elements(values.size(), [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      if (draws(i) >= a.density) values[i] = 0;
    }
  });
  return {};
}

Status drop_by_rank(std::vector<float>& values, const SparsifyArguments& a) {
  if (a.density >= 1) return {};
  if (a.density <= 0) {
    std::ranges::fill(values, 0.0f);
    return {};
  }
  if (a.density + a.epsilon >= 1 || a.density - a.epsilon <= 0)
    return usage_error("density " + std::to_string(a.density) + " with epsilon " + std::to_string(a.epsilon) +
                           " gives chances that are not within (0, 1)",
                       "epsilon", "give one that is smaller than density and than 1 - density");
  const bool is_vector = a.shape.size() < 2;
  const size_t width = is_vector ? values.size() : static_cast<size_t>(a.shape[1]);
  if (width == 0 || values.empty()) return {};
  size_t inner = 1;  // elements between two of a row
  for (size_t d = 2; d < a.shape.size(); ++d) inner *= static_cast<size_t>(a.shape[d]);
  const Draws draws(a);
  const size_t rows = values.size() / width;
  parallel_for(static_cast<int64_t>(rows), 1, [&](int64_t first, int64_t last) {
    std::vector<size_t> order(width);
    for (auto r = static_cast<size_t>(first); r < static_cast<size_t>(last); ++r) {
      const size_t base = r / inner * width * inner + r % inner;
      for (size_t c = 0; c < width; ++c) order[c] = base + c * inner;
      std::ranges::sort(order, larger(values));
      for (size_t c = 0; c < width; ++c) {  // the largest first: rank width - 1 - c
        const double rank = width > 1 ? static_cast<double>(width - 1 - c) / static_cast<double>(width - 1) : 0.5;
        if (draws(order[c]) >= a.density - a.epsilon + rank * 2 * a.epsilon) values[order[c]] = 0;
      }
    }
  });
  return {};
}

}  // namespace malmoi::merge
