// Causal convolution along a sequence, each channel alone. The rules that hold for all kernels stand in backend.h.
#pragma once

#include <cstdint>

#include "kernels/contract/activation.h"
#include "kernels/contract/state_run.h"
#include "tensor/dtype.h"

namespace malmoi::kernels {

constexpr int64_t kMaxConvTaps = 16;  // sums of all taps stay in the first cache; published models have 2 to 4

/// y[t, c] = act(bias[c] + sum over j of weight[c, j] x[t - (taps - 1) + j, c]) within each run (Gu & Dao 2023). A state of a run is
/// [taps - 1, channels], f32 (oracle f64): the rows of x before its first, or after its last.
struct CausalConvArgs {
  DType dtype = DType::kF32;
  Activation activation = Activation::kSilu;  // kNone or kSilu
  int64_t channels = 0, taps = 0;             // 1 <= taps <= kMaxConvTaps
  int64_t x_stride = 0, y_stride = 0;         // elements between rows
  const StateRun* runs = nullptr;             // rows of no run are left as they are
  int64_t num_runs = 0;
  const void* x = nullptr;
  const void* weight = nullptr;  // [channels, taps], f32 (oracle f64)
  const void* bias = nullptr;    // [channels], f32 (oracle f64), or null
  void* y = nullptr;             // not x
};
/// dx overwritten or added to within the runs, dweight += ..., dbias += ... Nothing flows into the states.
struct CausalConvBackwardArgs {
  CausalConvArgs forward;    // y and state_out are not read or written
  const void* dy = nullptr;  // at y_stride
  void* dx = nullptr;        // not dy
  int64_t dx_stride = 0;
  bool accumulate = false;  // dx += instead of dx =
  void* dweight = nullptr;  // [channels, taps], accumulated; null: not wanted
  void* dbias = nullptr;    // [channels], accumulated; null: not wanted
};

}  // namespace malmoi::kernels
