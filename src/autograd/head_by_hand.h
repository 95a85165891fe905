// The output projection by hand, in f64: what tests hold the head's ops against.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace malmoi::autograd {

/// log softmax(h W^T + b) at the target of each row that has one (not negative), in order.
inline std::vector<double> logps_by_hand(const std::vector<double>& h, const std::vector<double>& w,
                                         const std::vector<double>& b, const std::vector<int32_t>& targets) {
  const size_t vocab = b.size(), width = h.size() / targets.size();
  std::vector<double> logps;
  for (size_t r = 0; r < targets.size(); ++r) {
    if (targets[r] < 0) continue;
    std::vector<double> logits = b;
    double total = 0;
    for (size_t v = 0; v < vocab; ++v) {
      for (size_t k = 0; k < width; ++k) logits[v] += h[r * width + k] * w[v * width + k];
      total += std::exp(logits[v]);
    }
    logps.push_back(logits[static_cast<size_t>(targets[r])] - std::log(total));
  }
  return logps;
}

/// The slope of `value()` by one of the numbers that it reads, by differences.
template <typename Value>
double slope_by_hand(std::vector<double>& numbers, size_t at, const Value& value) {
  constexpr double kStep = 1e-5;
  const double kept = numbers[at];
  numbers[at] = kept + kStep;
  const double up = value();
  numbers[at] = kept - kStep;
  const double down = value();
  numbers[at] = kept;
  return (up - down) / (2 * kStep);
}

}  // namespace malmoi::autograd
