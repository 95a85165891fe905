// The selective state space scan of Mamba. The rules that hold for all kernels stand in backend.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/contract/state_run.h"
#include "tensor/dtype.h"

namespace malmoi::kernels {

/// The states of some channels stay in the first cache; published models have 16.
constexpr int64_t kMaxSelectiveStates = 256;

/// For each channel c, with states n of its own and B_t, C_t that all channels share (Gu & Dao 2023, algorithm 2):
///   dt_t = softplus(dt[t, c]), A[c, n] = -exp(a_log[c, n])
///   h_t[n] = exp(A[c, n] dt_t) h_{t-1}[n] + dt_t B_t[n] x[t, c],   y[t, c] = sum over n of C_t[n] h_t[n] + D[c] x[t, c]
/// A state of a run is [state_size, channels], f32 (oracle f64): channels lie along vectors.
struct SelectiveScanArgs {
  DType dtype = DType::kF32;
  int64_t channels = 0, state_size = 0;                                           // state_size <= kMaxSelectiveStates
  int64_t x_stride = 0, dt_stride = 0, b_stride = 0, c_stride = 0, y_stride = 0;  // elements between rows
  const StateRun* runs = nullptr;                                                 // rows of no run are left as they are
  int64_t num_runs = 0;
  int64_t rows = 0;             // of x; no run goes beyond
  const void* x = nullptr;      // [rows, channels]
  const void* dt = nullptr;     // [rows, channels]
  const void* b = nullptr;      // [rows, state_size]
  const void* c = nullptr;      // [rows, state_size]
  const void* a_log = nullptr;  // [channels, state_size], f32 (oracle f64)
  const void* d = nullptr;      // [channels], f32 (oracle f64); null: zero
  void* y = nullptr;            // [rows, channels]; not x
};

/// Gradients of rows within runs are overwritten or added to, those of parameters accumulated. States are made again by
/// chunks of rows; nothing flows into state_in. The order of sums depends on the sizes and the number of threads alone.
struct SelectiveScanBackwardArgs {
  SelectiveScanArgs forward;  // y and state_out are not used
  const void* dy = nullptr;   // at y_stride
  int64_t dx_stride = 0, ddt_stride = 0, db_stride = 0, dc_stride = 0;
  void* dx = nullptr;
  void* ddt = nullptr;
  void* db = nullptr;
  void* dc = nullptr;
  bool accumulate = false;  // gradients of rows += instead of =
  void* da_log = nullptr;   // [channels, state_size], accumulated; null: not wanted, as dd
  void* dd = nullptr;       // [channels]
  void* scratch = nullptr;  // selective_scan_backward_scratch() bytes
};
size_t selective_scan_backward_scratch(const SelectiveScanArgs& args);

}  // namespace malmoi::kernels
