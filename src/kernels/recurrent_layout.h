// The scratch of recurrent layers, the same for every instruction set.
#pragma once

#include "kernels/contract/recurrent.h"

namespace malmoi::kernels {
namespace {  // included by files of several instruction sets: nothing here may be shared by the linker

constexpr int64_t kRecurrentColumns = 32;  // the widest panel of any instruction set

inline int64_t recurrent_round(int64_t n) {
  return (n + kRecurrentColumns - 1) / kRecurrentColumns * kRecurrentColumns;
}

/// Words of 4 bytes: the packed weight; two rows of h and one of c for each sequence; the order of the sequences.
inline int64_t recurrent_words(const RecurrentArgs& a) {
  int64_t width = recurrent_round(a.hidden), gates = recurrent_gates(a.cell);
  return gates * width * a.hidden + a.num_runs * 3 * width + 2 * recurrent_round(a.num_runs) + 4 * kRecurrentColumns;
}

/// The same backwards: two rows of the gates' gradients and one that goes on to the row before.
inline int64_t recurrent_backward_words(const RecurrentArgs& a) {
  int64_t width = recurrent_round(a.hidden), gates = recurrent_gates(a.cell);
  return gates * width * a.hidden + a.num_runs * (2 * recurrent_round(gates * a.hidden) + width) +
         2 * recurrent_round(a.num_runs) + 4 * kRecurrentColumns;
}

}  // namespace
}  // namespace malmoi::kernels
