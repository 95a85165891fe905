// Runs of rows that recurrences read, with their states. The rules that hold for all kernels stand in backend.h.
#pragma once

#include <cstdint>

namespace malmoi::kernels {

/// Consecutive rows of one sequence, and the state before and after them; each recurrence says how its own lies.
struct StateRun {
  int64_t begin = 0, length = 0;
  const void* state_in = nullptr;  // null: zeros
  void* state_out = nullptr;       // may be state_in; null: not wanted
};

}  // namespace malmoi::kernels
