#include "metrics/numbers.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace malmoi::metrics {
namespace {

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

bool is_constant(std::span<const double> values) {
  return std::ranges::all_of(values, [&](double value) { return value == values.front(); });
}

}  // namespace

double mean_squared_error(std::span<const double> predicted, std::span<const double> wanted) {
  double sum = 0;
  for (size_t i = 0; i < wanted.size(); ++i) sum += (predicted[i] - wanted[i]) * (predicted[i] - wanted[i]);
  return sum / static_cast<double>(wanted.size());
}

std::optional<double> pearson(std::span<const double> predicted, std::span<const double> wanted) {
  if (is_constant(predicted) || is_constant(wanted)) return {};
  const double of_predicted = mean(predicted), of_wanted = mean(wanted);
  double covariance = 0, variance = 0, wanted_variance = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const double off = predicted[i] - of_predicted, wanted_off = wanted[i] - of_wanted;
    covariance += off * wanted_off;
    variance += off * off;
    wanted_variance += wanted_off * wanted_off;
  }
  return std::clamp(covariance / std::sqrt(variance) / std::sqrt(wanted_variance), -1.0, 1.0);
}

}  // namespace malmoi::metrics
