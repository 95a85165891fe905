#include "quantize/fit.h"

#include <algorithm>
#include <cmath>

namespace malmoi::quantize {
namespace {

constexpr int kMostNumbers = 256;
constexpr float kStep = 0.1f;  // between the levels that the largest number is tried on
constexpr int kSteps = 9;      // to either side

int8_t level(float x, int low, int high) {
  return static_cast<int8_t>(std::clamp(static_cast<int>(std::lrintf(x)), low, high));
}

}  // namespace

float round_to_levels(const float* x, const float* weights, int n, ScaleAndOffset by, int low, int high, int8_t* q) {
  const float inverse = by.scale != 0 ? 1 / by.scale : 0;
  float error = 0;
  for (int i = 0; i < n; ++i) {
    q[i] = level((x[i] - by.offset) * inverse, low, high);
    const float off = x[i] - (by.scale * static_cast<float>(q[i]) + by.offset);
    error += weights[i] * off * off;
  }
  return error;
}

float fit_scale(const float* x, const float* weights, int n, int low, int high, int8_t* q) {
  float largest = 0;
  for (int i = 0; i < n; ++i) largest = std::abs(x[i]) > std::abs(largest) ? x[i] : largest;
  std::fill_n(q, n, int8_t{0});
  if (largest == 0) return 0;
  int8_t tried[kMostNumbers];
  float best = -1, scale = 0;
  auto attempt = [&](float end) {
    const float inverse = end / largest;
    float xq = 0, qq = 0;
    for (int i = 0; i < n; ++i) {
      tried[i] = level(x[i] * inverse, low, high);
      const auto value = static_cast<float>(tried[i]);
      xq += weights[i] * x[i] * value, qq += weights[i] * value * value;
    }
    if (qq <= 0 || xq * xq <= best * qq) return;  // what the least-squares scale gains: xq^2 / qq
    best = xq * xq / qq, scale = xq / qq;
    std::copy_n(tried, n, q);
  };
  for (int step = -kSteps; step <= kSteps; ++step) {
    const float by = kStep * static_cast<float>(step);
    attempt(static_cast<float>(low) + by);
    attempt(static_cast<float>(high) + by);
  }
  return scale;
}

ScaleAndOffset fit_scale_and_offset(const float* x, const float* weights, int n, int high, bool below_zero, int8_t* q) {
  float least = x[0], most = x[0];
  for (int i = 1; i < n; ++i) least = std::min(least, x[i]), most = std::max(most, x[i]);
  if (below_zero) least = std::min(least, 0.0f);
  std::fill_n(q, n, int8_t{0});
  if (most == least) return {0, least};
  int8_t tried[kMostNumbers];
  ScaleAndOffset best;
  float best_error = INFINITY;
  for (int step = -kSteps; step <= kSteps; ++step) {
    const float inverse = (static_cast<float>(high) + kStep * static_cast<float>(step)) / (most - least);
    float sum_w = 0, sum_x = 0, sum_q = 0, sum_xq = 0, sum_qq = 0;
    for (int i = 0; i < n; ++i) {
      const auto value = static_cast<float>(level((x[i] - least) * inverse, 0, high));
      sum_w += weights[i], sum_x += weights[i] * x[i], sum_q += weights[i] * value;
      sum_xq += weights[i] * x[i] * value, sum_qq += weights[i] * value * value;
    }
    const float determinant = sum_w * sum_qq - sum_q * sum_q;
    if (!(determinant > 0)) continue;
    ScaleAndOffset by{(sum_w * sum_xq - sum_x * sum_q) / determinant, (sum_qq * sum_x - sum_q * sum_xq) / determinant};
    if (below_zero && by.offset > 0) by = {sum_qq > 0 ? sum_xq / sum_qq : 0, 0};
    const float error = round_to_levels(x, weights, n, by, 0, high, tried);
    if (error >= best_error) continue;
    best_error = error, best = by;
    std::copy_n(tried, n, q);
  }
  if (best_error < INFINITY) return best;
  best = {(most - least) / static_cast<float>(high), least};
  round_to_levels(x, weights, n, best, 0, high, q);
  return best;
}

}  // namespace malmoi::quantize
