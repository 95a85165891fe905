// What ops share that read some columns of rows which others read, too, run by run.
#pragma once

#include "autograd/ops.h"

namespace malmoi::autograd {

/// Where columns begin in memory.
inline void* first_column(Tensor& rows, int64_t column) { return element_at(rows.data(), rows.dtype(), column); }
inline const void* first_column(const Tensor& rows, int64_t column) {
  return element_at(rows.data(), rows.dtype(), column);
}

/// Rows that runs cover.
int64_t rows_of(std::span<const Run> runs);
/// New rows beside those of `like`, of another width: for an op that writes those of the runs. What it leaves is zero.
Tensor rows_of_runs(Context& context, const Tensor& like, int64_t width, std::span<const Run> runs);

/// Runs as recurrences read them, each with its state (or all without one), and where the state after it goes; no `next_states`:
/// to the same place. They hold until this thread asks again.
std::span<const kernels::StateRun> state_runs(std::span<const Run> runs, std::span<float* const> states,
                                              std::span<float* const> next_states = {});
/// Where the states of runs lie, kept on the tape for a backward pass that reads them again: the spans of an op's options end
/// with its forward pass. Empty where there are none; in a rehearsal there must be none.
Tensor keep_states(Context& context, std::span<float* const> states);
std::span<float* const> kept_states(const Tensor& kept);

/// The gradient of activation `id` (of `like`'s shape) for an op that adds to some columns of it: the one that has arrived
/// so far, or zeros, which the tape gets at once. Where no gradient is wanted, memory that nobody reads.
Tensor gradient_to_add_to(Context& context, Tape& tape, int32_t id, const Tensor& like);
/// The same for each of a record's first inputs, which it saved in their order; inputs that are one tensor share a gradient.
void gradients_to_add_to(Context& context, Tape& tape, const Record& record, std::span<Tensor> grads);

}  // namespace malmoi::autograd
