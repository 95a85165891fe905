// ALiBi: scores that fall with the distance of a key, by a slope for each head (Press et al. 2022).
#pragma once

#include <cstdint>
#include <vector>

#include "nn/distance_bias.h"

namespace malmoi::nn {

struct AlibiConfig {
  int64_t heads = 0;
  double max_bias = 8;  // slopes of n heads, n a power of two: 2^(-max_bias / n), its square, its third power ...
  double scale = 1;     // of all biases
  /// Slopes, and slope times position, are rounded to bf16 (Falcon). Then the bias is one of the key's position: a softmax
  /// does not see what all keys of a query have in common, but roundings differ at equal distances.
  bool rounded = false;
};

/// Slopes of any number of heads: those of the largest power of two in it, then every other one of twice as many.
std::vector<double> alibi_slopes(int64_t heads, double max_bias);

/// A table of biases that grows as positions are asked for. One thread at a time.
class Alibi {
 public:
  explicit Alibi(const AlibiConfig& config) : config_(config) {}
  /// Makes sure that positions 0..max_position are there.
  void prepare(int64_t max_position);
  /// Of the positions that prepare() has seen, for attention of a context whose statistics are of `type` (f32 or f64).
  DistanceBias bias(DType type) const;

 private:
  Tensor table(DType type) const;

  AlibiConfig config_;
  int64_t positions_ = 0;
  mutable Tensor f32_, f64_;  // [heads, positions], made when they are first asked for
};

}  // namespace malmoi::nn
