// The selective state space scan of Mamba-2. The rules that hold for all kernels stand in backend.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "kernels/contract/state_run.h"
#include "tensor/dtype.h"

namespace malmoi::kernels {

/// For each head, with its group's B_t and C_t (Dao & Gu 2024):
///   dt_t = clamp(softplus(dt[t] + dt_bias), dt_min, dt_max), A = -exp(a_log)
///   h_t = exp(A dt_t) h_{t-1} + dt_t B_t x_t^T,   y_t = h_t^T C_t + D x_t
/// Head h is of group h / (heads / groups). A state of a run is [heads, state_size, head_dim], f32 (oracle f64): its row is one
/// of B's elements, so that x lies along vectors. Computed by chunks of rows, which change nothing but the order in time.
struct SsdScanArgs {
  DType dtype = DType::kF32;
  int64_t heads = 0, head_dim = 0, groups = 0, state_size = 0;
  int64_t x_stride = 0, dt_stride = 0, b_stride = 0, c_stride = 0, y_stride = 0;  // elements between rows
  const StateRun* runs = nullptr;                                                 // rows of no run are left as they are
  int64_t num_runs = 0;
  int64_t rows = 0;               // of x; no run goes beyond
  const void* x = nullptr;        // [rows, heads * head_dim]
  const void* dt = nullptr;       // [rows, heads]
  const void* b = nullptr;        // [rows, groups * state_size]
  const void* c = nullptr;        // [rows, groups * state_size]
  const void* a_log = nullptr;    // [heads], f32 (oracle f64), as d and dt_bias
  const void* d = nullptr;        // [heads]; null: zero
  const void* dt_bias = nullptr;  // [heads]; null: zero
  float dt_min = 0, dt_max = std::numeric_limits<float>::infinity();
  void* y = nullptr;        // [rows, heads * head_dim]; not x
  void* scratch = nullptr;  // ssd_scan_scratch() bytes
};
size_t ssd_scan_scratch(const SsdScanArgs& args);

/// Gradients of rows within runs are overwritten or added to, those of parameters accumulated. States are made again by
/// chunks; nothing flows into state_in. The order of sums depends on the sizes and the number of threads alone.
struct SsdScanBackwardArgs {
  SsdScanArgs forward;       // y, state_out and scratch are not used
  const void* dy = nullptr;  // at y_stride
  int64_t dx_stride = 0, ddt_stride = 0, db_stride = 0, dc_stride = 0;
  void* dx = nullptr;
  void* ddt = nullptr;
  void* db = nullptr;
  void* dc = nullptr;
  bool accumulate = false;   // gradients of rows += instead of =
  void* da_log = nullptr;    // [heads], accumulated; null: not wanted, as dd and ddt_bias
  void* dd = nullptr;        // [heads]
  void* ddt_bias = nullptr;  // [heads]
  void* scratch = nullptr;   // ssd_scan_backward_scratch() bytes
};
size_t ssd_scan_backward_scratch(const SsdScanArgs& args);

}  // namespace malmoi::kernels
