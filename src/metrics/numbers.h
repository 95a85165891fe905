// How near numbers are to those that were wanted.
//
//   mean squared error = mean (p - g)^2    Pearson's r = cov(p, g) / (sd(p) sd(g))
#pragma once

#include <optional>
#include <span>

namespace malmoi::metrics {

/// Of as many numbers on both sides, at least one.
double mean_squared_error(std::span<const double> predicted, std::span<const double> wanted);
/// In two passes, since large offsets cancel badly; none where either side is constant.
std::optional<double> pearson(std::span<const double> predicted, std::span<const double> wanted);

}  // namespace malmoi::metrics
