#include "nn/alibi.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace malmoi::nn {
namespace {

double in_bf16(double x) { return static_cast<double>(to_float(to_bf16(static_cast<float>(x)))); }

}  // namespace

std::vector<double> alibi_slopes(int64_t heads, double max_bias) {
  auto whole = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(heads)));
  auto power = [&](int64_t i, int64_t of) {
    return std::exp2(-max_bias * static_cast<double>(i) / static_cast<double>(of));
  };
  std::vector<double> slopes;
  for (int64_t i = 1; i <= whole; ++i) slopes.push_back(power(i, whole));
  for (int64_t i = 1; i <= heads - whole; ++i) slopes.push_back(power(2 * i - 1, 2 * whole));
  return slopes;
}

void Alibi::prepare(int64_t max_position) {
  if (max_position < positions_) return;
  positions_ = std::max(max_position + 1, 2 * positions_);
  f32_ = f64_ = Tensor();
}

Tensor Alibi::table(DType type) const {
  Tensor table = Tensor::zeros(type, {config_.heads, positions_});
  std::vector<double> slopes = alibi_slopes(config_.heads, config_.max_bias);
  for (int64_t h = 0; h < config_.heads; ++h) {
    for (int64_t p = 0; p < positions_; ++p) {
      double slope = slopes[static_cast<size_t>(h)], place = static_cast<double>(p);
      // Keys at a distance stand before the query: the last entry is its own.
      double bias = config_.rounded ? in_bf16(in_bf16(slope) * in_bf16(place))
                                    : slope * (place - static_cast<double>(positions_ - 1));
      int64_t entry = h * positions_ + p;
      if (type == DType::kF64) table.as<double>()[entry] = bias * config_.scale;
      else table.as<float>()[entry] = static_cast<float>(bias * config_.scale);
    }
  }
  return table;
}

DistanceBias Alibi::bias(DType type) const {
  Tensor& made = type == DType::kF64 ? f64_ : f32_;
  if (!made) made = table(type);
  int64_t last = positions_ - 1;
  if (config_.rounded) return {.values = {made}, .right = last, .by_key = true};
  return {.values = {made}, .left = last};
}

}  // namespace malmoi::nn
