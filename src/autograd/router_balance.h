// What the routers of a forward pass did, and the loss that keeps experts equally busy.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tensor/dtype.h"

namespace malmoi::autograd {

/// experts * sum over e of f_e P_e (Fedus et al. 2021): f_e the choices of expert e for each row, P_e the mean of its
/// share of a row's probabilities, both over the rows of all layers together. Routers of one context have as many experts each. Set
/// Context::balance to it before the forward pass; call loss() after it and before the backward pass, which then adds the
/// loss's gradient to those of the routers.
class RouterBalance {
 public:
  /// Forgets everything. `counted`: by row, 0: padding; empty: all rows count. Lives until the backward pass is done.
  void begin(std::span<const uint8_t> counted = {});
  /// The loss; the backward pass adds the gradient of scale * loss.
  double loss(double scale);

  /// For the op: adds a router's sums over the rows that count. Sums are f32, under the oracle f64.
  void add(const void* probability_sums, DType type, std::span<const int32_t> choices, int64_t rows);
  /// For the op: what the loss adds to the gradient of each counted row's probabilities, in a type; null: no loss was asked.
  const void* gradient(DType type) const;
  const uint8_t* counted() const { return counted_.empty() ? nullptr : counted_.data(); }
  /// False while a block runs again: its first run was counted.
  bool counting = true;

 private:
  std::span<const uint8_t> counted_;
  std::vector<double> probabilities_, choices_, gradient_;
  std::vector<float> gradient_f32_;
  double rows_ = 0;
  bool wanted_ = false;
};

}  // namespace malmoi::autograd
