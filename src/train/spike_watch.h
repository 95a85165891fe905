// When a step is a spike: its loss and the norm of its gradient both stand far above those of the steps before it.
#pragma once

#include <cstdint>
#include <limits>

#include "base/json.h"

namespace malmoi::train {

/// A step beyond both is not applied.
struct StepLimits {
  double loss = std::numeric_limits<double>::infinity();
  double grad_norm = std::numeric_limits<double>::infinity();
};

/// Running averages over the steps that were applied: a_n = 0.95 a_(n-1) + 0.05 x_n. After the first 20, the limits are a
/// nat above the average loss and `factor` times the average norm; a shift of the data alone moves the loss, not the norm.
class SpikeWatch {
 public:
  explicit SpikeWatch(double factor) : factor_(factor) {}  // 0: no limits

  StepLimits limits() const {
    if (factor_ <= 0 || steps_ < kFirstSteps) return {};
    return {loss_ + 1.0, factor_ * grad_norm_};
  }

  void add(double loss, double grad_norm) {
    double rest = steps_++ == 0 ? 0 : kDecay;
    loss_ = rest * loss_ + (1 - rest) * loss;
    grad_norm_ = rest * grad_norm_ + (1 - rest) * grad_norm;
  }

  /// For a checkpoint: a resumed run judges as the one that was not stopped.
  Json state() const { return {{"steps", steps_}, {"loss", loss_}, {"grad_norm", grad_norm_}}; }
  void restore(const Json& state) {
    steps_ = state.value("steps", int64_t{0});
    loss_ = state.value("loss", 0.0);
    grad_norm_ = state.value("grad_norm", 0.0);
  }

 private:
  static constexpr int64_t kFirstSteps = 20;
  static constexpr double kDecay = 0.95;
  double factor_;
  int64_t steps_ = 0;
  double loss_ = 0, grad_norm_ = 0;
};

}  // namespace malmoi::train
