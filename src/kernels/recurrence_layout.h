// The chunks and scratch of recurrences along channels, the same for every instruction set.
#pragma once

#include "kernels/contract/selective_scan.h"
#include "kernels/contract/wkv.h"

namespace malmoi::kernels {
namespace {  // included by files of several instruction sets: nothing here may be shared by the linker

constexpr int64_t kRecurrenceChunk = 32;  // rows at a time: the states after each of them are in the second cache
constexpr int64_t kRecurrenceLanes = 16;  // the most lanes of any instruction set
constexpr int64_t kRecurrenceBlock =
    64;                                 // channels that go through the rows together: whole cache lines of bf16 and f32
constexpr int64_t kSelectiveGroup = 4;  // states whose parts of dB and dC are summed over lanes together
constexpr int64_t kWkvSums = 3;         // numerator, denominator, exponent

inline int64_t recurrence_chunks(const StateRun* runs, int64_t num_runs) {
  int64_t longest = 0;
  for (int64_t i = 0; i < num_runs; ++i) longest = runs[i].length > longest ? runs[i].length : longest;
  return (longest + kRecurrenceChunk - 1) / kRecurrenceChunk;
}

/// States of a channel as they lie in scratch.
inline int64_t selective_states(const SelectiveScanArgs& a) {
  return (a.state_size + kSelectiveGroup - 1) / kSelectiveGroup * kSelectiveGroup;
}

/// Elements of 4 bytes of a worker's dB and dC.
inline int64_t selective_sums(const SelectiveScanArgs& a) { return 2 * a.rows * selective_states(a); }

/// The same of all that a worker needs: its dB and dC; of one vector of channels the states at the beginnings of chunks,
/// those within a chunk, its decays.
inline int64_t selective_words(const SelectiveScanArgs& a) {
  int64_t state = selective_states(a) * kRecurrenceLanes;
  int64_t slots = recurrence_chunks(a.runs, a.num_runs) + 2 * kRecurrenceChunk + 1;
  return selective_sums(a) + slots * state + 4 * kRecurrenceLanes;
}

/// Of a block: its sums at the beginnings of chunks, and before each row of one.
inline int64_t wkv_words(const WkvArgs& a) {
  return (recurrence_chunks(a.runs, a.num_runs) + kRecurrenceChunk) * kWkvSums * kRecurrenceBlock;
}

}  // namespace
}  // namespace malmoi::kernels
