// What RWKV-4 has for attention. The rules that hold for all kernels stand in backend.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/contract/state_run.h"
#include "tensor/dtype.h"

namespace malmoi::kernels {

constexpr int kMaxShifts = 3;  // what reads the same rows, mixed in other shares: key, value, receptance

/// y_i[t] = m_i x[t] + (1 - m_i) x[t - 1] within each run (Peng et al. 2023, equations 11 to 13). A state of a run is the
/// last row, [channels], f32 (oracle f64).
struct TokenShiftArgs {
  DType dtype = DType::kF32;
  int count = 0;  // of shifts, at most kMaxShifts
  int64_t channels = 0;
  const StateRun* runs = nullptr;  // rows of no run are left as they are
  int64_t num_runs = 0;
  const void* x = nullptr;           // [rows, channels]
  const void* mix[kMaxShifts] = {};  // m_i [channels], f32 (oracle f64)
  void* y[kMaxShifts] = {};          // [rows, channels] each; not x
};
/// dx is overwritten within the runs, dmix accumulated. Nothing flows into the states.
struct TokenShiftBackwardArgs {
  TokenShiftArgs forward;           // y and state_out are not used
  const void* dy[kMaxShifts] = {};  // null: zero
  void* dx = nullptr;               // [rows, channels]; not dy
  void* dmix[kMaxShifts] = {};      // [channels] each; null: not wanted
};

/// For each channel, with decay w = -exp(decay) and bonus u = first of the current row (Peng et al. 2023, equation 16):
///   y_t = (N_{t-1} + e^{u + k_t} v_t) / (D_{t-1} + e^{u + k_t})
///   N_t = e^w N_{t-1} + e^{k_t} v_t,   D_t = e^w D_{t-1} + e^{k_t}
/// Numerator and denominator are kept as multiples of e^p, where p is the largest exponent so far, decayed (appendix D). A
/// state of a run is [N, D, p][channels], f32 (oracle f64); one of zeros is the beginning, since D is above zero ever after.
struct WkvArgs {
  DType dtype = DType::kF32;
  int64_t channels = 0;
  const StateRun* runs = nullptr;  // rows of no run are left as they are
  int64_t num_runs = 0;
  const void* k = nullptr;      // [rows, channels]
  const void* v = nullptr;      // [rows, channels]
  const void* decay = nullptr;  // [channels], f32 (oracle f64), as first
  const void* first = nullptr;
  void* y = nullptr;  // [rows, channels]; not k or v
};
/// dk and dv are overwritten within the runs, gradients of parameters accumulated. States are made again by chunks of rows;
/// nothing flows into state_in.
struct WkvBackwardArgs {
  WkvArgs forward;           // y and state_out are not used
  const void* dy = nullptr;  // [rows, channels]
  void* dk = nullptr;        // [rows, channels]; not dy
  void* dv = nullptr;        // the same
  void* ddecay = nullptr;    // [channels], accumulated; null: not wanted, as dfirst
  void* dfirst = nullptr;    // [channels]
  void* scratch = nullptr;   // wkv_backward_scratch() bytes
};
size_t wkv_backward_scratch(const WkvArgs& args);

}  // namespace malmoi::kernels
