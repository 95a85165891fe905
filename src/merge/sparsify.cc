#include "merge/sparsify.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

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
  return static_cast<size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(n));
}

// The `count` elements of the largest |x|, of equals the first: told one by one, in their order, once each.
class Largest {
 public:
  Largest(const std::vector<float>& values, size_t count) {
    if (count == 0) return;
    std::vector<float> sizes(values.size());
    std::ranges::transform(values, sizes.begin(), [](float x) { return std::abs(x); });
    const auto last = sizes.begin() + static_cast<std::ptrdiff_t>(count) - 1;
    std::nth_element(sizes.begin(), last, sizes.end(), std::greater{});
    least_ = *last;
    equals_ = count - static_cast<size_t>(std::count_if(sizes.begin(), last, [&](float x) { return x > least_; }));
  }
  bool has_next(float value) {
    const float size = std::abs(value);
    if (size > least_) return true;
    if (size < least_ || equals_ == 0) return false;
    --equals_;
    return true;
  }

 private:
  float least_ = std::numeric_limits<float>::infinity();
  size_t equals_ = 0;  // of those of just this size, that still belong to them
};

}  // namespace

Status keep_largest(std::vector<float>& values, const SparsifyArguments& a) {
  if (a.density >= 1 || values.empty()) return {};
  Largest largest(values, std::max<size_t>(share_of(a.density, values.size()), a.density > 0 ? 1 : 0));
  for (float& value : values) {
    if (!largest.has_next(value)) value = 0;
  }
  return {};
}

Status drop_both_ends(std::vector<float>& values, const SparsifyArguments& a) {
  if (a.density >= 1) return {};
  const size_t n = values.size(), kept = share_of(a.density, n);
  const size_t large = std::min(share_of(a.gamma, n), n - kept);
  Largest gone(values, large), not_small(values, large + kept);
  for (float& value : values) {
    const bool is_gone = gone.has_next(value), is_not_small = not_small.has_next(value);
    if (is_gone || !is_not_small) value = 0;
  }
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
    auto larger = [&](size_t x, size_t y) {  // of equals the first
      const float size_x = std::abs(values[x]), size_y = std::abs(values[y]);
      return size_x != size_y ? size_x > size_y : x < y;
    };
    for (auto r = static_cast<size_t>(first); r < static_cast<size_t>(last); ++r) {
      const size_t base = r / inner * width * inner + r % inner;
      for (size_t c = 0; c < width; ++c) order[c] = base + c * inner;
      std::ranges::sort(order, larger);
      for (size_t c = 0; c < width; ++c) {  // the largest first: rank width - 1 - c
        const double rank = width > 1 ? static_cast<double>(width - 1 - c) / static_cast<double>(width - 1) : 0.5;
        if (draws(order[c]) >= a.density - a.epsilon + rank * 2 * a.epsilon) values[order[c]] = 0;
      }
    }
  });
  return {};
}

}  // namespace malmoi::merge
