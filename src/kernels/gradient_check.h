// What the tests of the oracle's gradients share: f64 values, and central differences of a loss.
#pragma once

#include <functional>

#include "kernels/test_support.h"

namespace malmoi::kernels {

using Values = std::vector<double>;

inline Values random_values(int64_t n, uint64_t seed) {
  Rng rng(seed);
  Values values(static_cast<size_t>(n));
  for (double& x : values) x = rng.normal();
  return values;
}

inline double dot(const Values& a, const Values& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// Holds `gradient` against differences of `loss` in each element of `x`.
inline void expect_gradient(const std::string& what, Values& x, const Values& gradient,
                            const std::function<double()>& loss) {
  constexpr double kStep = 1e-5;
  ASSERT_EQ(x.size(), gradient.size()) << what;
  for (size_t i = 0; i < x.size(); ++i) {
    double kept = x[i];
    x[i] = kept + kStep;
    double above = loss();
    x[i] = kept - kStep;
    double below = loss();
    x[i] = kept;
    double slope = (above - below) / (2 * kStep);
    ASSERT_NEAR(gradient[i], slope, 1e-6 * (1 + std::abs(slope))) << what << " element " << i;
  }
}

inline const Backend& oracle() { return reference_backend(); }

}  // namespace malmoi::kernels
