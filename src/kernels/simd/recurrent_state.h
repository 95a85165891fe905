// A head's state while a run goes through it: where it lies, if its rows are whole vectors, or in a worker's scratch.
#pragma once

#include "kernels/contract/state_run.h"
#include "kernels/simd/common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

/// One head's part of a run's state as sequences keep it: [rows][columns].
struct StateSize {
  int64_t rows, columns;
  int64_t elements() const { return rows * columns; }
};

/// Rows of a state, `ld` elements apart.
struct OpenState {
  float* data;
  int64_t ld;
};

MALMOI_INLINE void copy_state(StateSize size, const float* from, int64_t ld_from, float* to, int64_t ld_to) {
  for (int64_t n = 0; n < size.rows; ++n) {
    __builtin_memcpy(to + n * ld_to, from + n * ld_from, sizeof(float) * static_cast<size_t>(size.columns));
  }
}

/// The state before a run in scratch of `padded` rows and columns, zero beside it.
MALMOI_INLINE void load_state(StateSize size, const StateRun& run, int64_t head, float* state, StateSize padded) {
  __builtin_memset(state, 0, sizeof(float) * static_cast<size_t>(padded.elements()));
  if (!run.state_in) return;
  copy_state(size, as<float>(run.state_in) + head * size.elements(), size.columns, state, padded.columns);
}

/// `fits`: whether the kernel can work on a state as it lies. `own`: scratch for one that it cannot, or that is not wanted.
MALMOI_INLINE OpenState open_state(StateSize size, const StateRun& run, int64_t head, bool fits, float* own,
                                   StateSize padded) {
  if (!run.state_out || !fits) {
    load_state(size, run, head, own, padded);
    return {own, padded.columns};
  }
  float* out = as<float>(run.state_out) + head * size.elements();
  size_t bytes = sizeof(float) * static_cast<size_t>(size.elements());
  if (!run.state_in) {
    __builtin_memset(out, 0, bytes);
  } else if (run.state_in != run.state_out) {
    __builtin_memcpy(out, as<float>(run.state_in) + head * size.elements(), bytes);
  }
  return {out, size.columns};
}

MALMOI_INLINE void close_state(StateSize size, const StateRun& run, int64_t head, const OpenState& state,
                               const float* own) {
  if (!run.state_out || state.data != own) return;
  copy_state(size, own, state.ld, as<float>(run.state_out) + head * size.elements(), size.columns);
}

/// ln(1 + e^x) and its derivative: a step of a recurrence is one of these.
struct Softplus {
  float value, slope;
};
MALMOI_INLINE Softplus softplus(float x) {
  float tail = __builtin_expf(-__builtin_fabsf(x));
  return {(x > 0 ? x : 0.0f) + __builtin_log1pf(tail), (x > 0 ? 1.0f : tail) / (1.0f + tail)};
}

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
