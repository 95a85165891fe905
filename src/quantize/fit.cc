#include "quantize/fit.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "quantize/lanes/lanes.h"

namespace malmoi::quantize {
namespace {

constexpr float kStep = 0.1f;  // between the levels that the largest number is tried on
constexpr int kSteps = 9;      // to either side

// Lanes for all that is tried at once, in whole runs.
constexpr int kScales = 2 * (2 * kSteps + 1);
constexpr int kCandidates = (kScales + kLaneRun - 1) / kLaneRun * kLaneRun;
using Candidates = std::array<float, kCandidates>;
// How far beside an end of the range the largest number is put: each step twice, for both ends. The lanes left over repeat the ends.
constexpr Candidates kBeside = [] {
  Candidates beside{};
  for (int k = 0; k < kScales; ++k) beside[static_cast<size_t>(k)] = kStep * static_cast<float>(k / 2 - kSteps);
  return beside;
}();

LaneInput input(const float* x, const float* weights, int n, int low, int high) {
  return {x, weights, n, static_cast<float>(low), static_cast<float>(high)};
}

// The number of largest size, the first of them.
float largest_of(const float* x, int n) {
  const float size = lanes().size(x, n);
  return *std::find_if(x, x + n, [&](float value) { return std::abs(value) == size; });
}

float inverse_of(float scale) {
  const float inverse = 1 / scale;
  return scale != 0 && std::isfinite(inverse) ? inverse : 0;
}

}  // namespace

void round_to_levels(const float* x, const float* weights, int n, ScaleAndOffset by, int low, int high, int8_t* q) {
  lanes().levels(input(x, weights, n, low, high), by.offset, inverse_of(by.scale), q);
}

float fit_scale(const float* x, const float* weights, int n, int low, int high, int8_t* q) {
  const float largest = largest_of(x, n);
  std::fill_n(q, n, int8_t{0});
  if (largest == 0) return 0;
  Candidates ends, xq, qq, gains;
  for (int k = 0; k < kCandidates; ++k) ends[k] = static_cast<float>(k % 2 == 0 ? low : high) + kBeside[k];
  const LaneInput in = input(x, weights, n, low, high);
  const float most = lanes().scale_sums(in, kCandidates, ends.data(), largest, xq.data(), qq.data(), gains.data());
  // The first one that no other beats: quotients are compared without dividing, among those that rounding could take for it.
  constexpr float kNear = 1 - 1e-4f;
  const float near = kNear * most;
  float best = -1;
  int chosen = -1;
  for (int k = 0; k < kScales; ++k) {
    if (gains[k] < near || qq[k] <= 0 || xq[k] * xq[k] <= best * qq[k]) continue;
    best = gains[k], chosen = k;
  }
  if (chosen < 0) return 0;
  lanes().levels(in, 0, ends[chosen] / largest, q);
  return xq[chosen] / qq[chosen];
}

int least_error(const float* x, const float* weights, int n, std::span<const ScaleAndOffset> tried, int low, int high,
                int8_t* q) {
  Candidates scale{}, offset{}, inverse{}, errors;
  for (size_t k = 0; k < tried.size(); ++k) {
    scale[k] = tried[k].scale, offset[k] = tried[k].offset;
    inverse[k] = inverse_of(scale[k]);
  }
  const int runs = (static_cast<int>(tried.size()) + kLaneRun - 1) / kLaneRun;
  lanes().errors(input(x, weights, n, low, high), runs * kLaneRun, scale.data(), offset.data(), inverse.data(),
                 errors.data());
  int best = -1;
  for (int k = 0; k < static_cast<int>(tried.size()); ++k) {
    if (errors[k] < (best < 0 ? INFINITY : errors[best])) best = k;
  }
  if (best >= 0) round_to_levels(x, weights, n, tried[static_cast<size_t>(best)], low, high, q);
  return best;
}

ScaleAndOffset fit_scale_and_offset(const float* x, const float* weights, int n, int high, bool below_zero, int8_t* q) {
  float least = x[0], most = x[0];
  for (int i = 1; i < n; ++i) least = std::min(least, x[i]), most = std::max(most, x[i]);
  if (below_zero) least = std::min(least, 0.0f);
  std::fill_n(q, n, int8_t{0});
  if (most == least) return {0, least};
  Candidates inverse{}, sum_q, sum_xq, sum_qq;
  for (int step = -kSteps; step <= kSteps; ++step) {
    const float by = (static_cast<float>(high) + kStep * static_cast<float>(step)) / (most - least);
    inverse[step + kSteps] = std::isfinite(by) ? by : 0;
  }
  constexpr int kTried = 2 * kSteps + 1, kRuns = (kTried + kLaneRun - 1) / kLaneRun;
  lanes().offset_sums(input(x, weights, n, 0, high), kRuns * kLaneRun, least, inverse.data(), sum_q.data(),
                      sum_xq.data(), sum_qq.data());
  float sum_w = 0, sum_x = 0;
  for (int i = 0; i < n; ++i) sum_w += weights[i], sum_x += weights[i] * x[i];
  ScaleAndOffset tried[kTried];
  size_t count = 0;
  for (int k = 0; k < kTried; ++k) {
    const float determinant = sum_w * sum_qq[k] - sum_q[k] * sum_q[k];
    if (!(determinant > 0)) continue;
    ScaleAndOffset by{(sum_w * sum_xq[k] - sum_x * sum_q[k]) / determinant,
                      (sum_qq[k] * sum_x - sum_q[k] * sum_xq[k]) / determinant};
    if (below_zero && by.offset > 0) by = {sum_qq[k] > 0 ? sum_xq[k] / sum_qq[k] : 0, 0};
    tried[count++] = by;
  }
  const int best = least_error(x, weights, n, {tried, count}, 0, high, q);
  if (best >= 0) return tried[best];
  const ScaleAndOffset even{(most - least) / static_cast<float>(high), least};
  round_to_levels(x, weights, n, even, 0, high, q);
  return even;
}

}  // namespace malmoi::quantize
