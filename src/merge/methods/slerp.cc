// Spherical interpolation from the base to one other model: each tensor as one vector, along the arc between the two directions.
//
//   cos a = v0 v1 / (|v0| |v1|);   sin((1 - t) a) / sin a * v0 + sin(t a) / sin a * v1
//
// Vectors that lie almost on one line (|cos a| > 0.9995) are mixed straight: (1 - t) v0 + t v1, as mergekit does.
#include <cmath>

#include "merge/method.h"
#include "merge/sums.h"

namespace malmoi::merge::slerp {

static constexpr double kAlmostOneLine = 0.9995, kLeastNorm = 1e-8;

static Result<std::vector<float>> merge(Ingredients& all) {
  if (all.inputs.size() == 1) return std::move(all.inputs[0].values);
  const std::vector<float>& first = all.inputs[*all.base].values;
  const std::vector<float>& second = all.inputs[1 - *all.base].values;
  auto length = [](const std::vector<float>& v) {
    const double norm = std::sqrt(dot(v, v));
    return norm > kLeastNorm ? norm : 1.0;
  };
  const double cosine = dot(first, second) / (length(first) * length(second));
  double of_first = 1 - all.t, of_second = all.t;
  if (std::abs(cosine) <= kAlmostOneLine) {
    const double angle = std::acos(cosine);
    of_first = std::sin((1 - all.t) * angle) / std::sin(angle);
    of_second = std::sin(all.t * angle) / std::sin(angle);
  }
  std::vector<float> mixed(first.size());
  over_elements(mixed.size(), [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i)
      mixed[i] =
          static_cast<float>(of_first * static_cast<double>(first[i]) + of_second * static_cast<double>(second[i]));
  });
  return mixed;
}

extern const Method method{.name = "slerp", .settings = {"t"}, .needs_base = true, .most = 2, .merge = merge};

}  // namespace malmoi::merge::slerp
