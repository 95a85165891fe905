// The gated linear recurrence of Griffin. The rules that hold for all kernels stand in backend.h.
#pragma once

#include <cstdint>

#include "kernels/contract/state_run.h"
#include "tensor/dtype.h"

namespace malmoi::kernels {

constexpr float kRgLruPower = 8;            // c of equation 3
constexpr float kRgLruMaxRootSlope = 1000;  // the slope of sqrt(1 - a^2) is cut off here, as the authors trained it

/// For each channel (De et al. 2024, equations 1 to 4):
///   r = sigmoid(recurrent_gate), i = sigmoid(input_gate), a = exp(-8 r softplus(param))
///   h_t = a h_{t-1} + sqrt(1 - a^2) i x_t,   y_t = h_t
/// A row whose position is 0 begins a text: there h_t = i x_t. A state of a run is h, [channels], f32 (oracle f64).
struct RgLruArgs {
  DType dtype = DType::kF32;
  int64_t channels = 0;
  const StateRun* runs = nullptr;  // rows of no run are left as they are
  int64_t num_runs = 0;
  const int32_t* positions = nullptr;    // [rows]
  const void* x = nullptr;               // [rows, channels], as the gates and y
  const void* input_gate = nullptr;      // before the sigmoid
  const void* recurrent_gate = nullptr;  // before the sigmoid
  const void* param = nullptr;           // [channels], f32 (oracle f64)
  void* y = nullptr;                     // not x or a gate
};
/// Gradients of rows within runs are overwritten, dparam is accumulated. Nothing flows into state_in.
struct RgLruBackwardArgs {
  RgLruArgs forward;         // with y as the forward pass left it; state_out is not used
  const void* dy = nullptr;  // [rows, channels]
  void* dx = nullptr;        // [rows, channels], as the next two; one of the three may be dy
  void* dinput_gate = nullptr;
  void* drecurrent_gate = nullptr;
  void* dparam = nullptr;  // [channels], accumulated; null: not wanted
};

}  // namespace malmoi::kernels
