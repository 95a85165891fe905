// When a step is a spike: its loss and the norm of its gradient both stand far above those of the steps before it.
#pragma once

#include <cstdint>
#include <limits>

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
  /// For a checkpoint: a resumed run judges as the one that was not stopped.
  struct State {
    int64_t steps = 0;
    double loss = 0, grad_norm = 0;
  };

  explicit SpikeWatch(double factor) : factor_(factor) {}  // 0: no limits

  StepLimits limits() const {
    if (factor_ <= 0 || state_.steps < kFirstSteps) return {};
    return {state_.loss + 1.0, factor_ * state_.grad_norm};
  }

  void add(double loss, double grad_norm) {
    double rest = state_.steps++ == 0 ? 0 : kDecay;
    state_.loss = rest * state_.loss + (1 - rest) * loss;
    state_.grad_norm = rest * state_.grad_norm + (1 - rest) * grad_norm;
  }

  const State& state() const { return state_; }
  void restore(const State& state) { state_ = state; }

 private:
  static constexpr int64_t kFirstSteps = 20;
  static constexpr double kDecay = 0.95;
  double factor_;
  State state_;
};

}  // namespace malmoi::train
