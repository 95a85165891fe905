// The chunks and scratch of the state space scan, the same for every instruction set.
#pragma once

#include "base/parallel.h"
#include "kernels/contract/scan.h"

namespace malmoi::kernels {
namespace {  // included by files of several instruction sets: nothing here may be shared by the linker

constexpr int64_t kScanChunk = 64;    // rows at a time: their x, B and C in f32 are in the second cache
constexpr int64_t kScanLanes = 16;    // the most lanes of any instruction set
constexpr int64_t kScanRows = 4;      // rows of a state that are in registers together
constexpr int64_t kScanColumns = 64;  // the most columns beside them

inline int64_t scan_round(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

/// A row of x, and a row of B, as they lie in scratch.
inline int64_t scan_width(const SsdScanArgs& a) { return scan_round(a.head_dim, kScanLanes); }
inline int64_t scan_states(const SsdScanArgs& a) { return scan_round(a.state_size, kScanLanes); }

inline int64_t scan_longest(const SsdScanArgs& a) {
  int64_t longest = 0;
  for (int64_t i = 0; i < a.num_runs; ++i) longest = a.runs[i].length > longest ? a.runs[i].length : longest;
  return longest;
}

/// Elements of 4 bytes that one worker of the forward pass needs: x and y, B and C, dt and decay of a chunk, one state.
inline int64_t scan_words(const SsdScanArgs& a) {
  int64_t chunk = scan_longest(a) < kScanChunk ? scan_longest(a) : kScanChunk;
  return chunk * (2 * scan_width(a) + 2 * scan_states(a)) + 2 * kScanChunk + scan_states(a) * scan_width(a) +
         16 * kScanLanes;
}

/// Workers of the backward pass: heads are shared out among them.
inline int64_t scan_workers(const SsdScanArgs& a) {
  int64_t workers = num_threads() < a.heads ? num_threads() : a.heads;
  return workers > 1 ? workers : 1;
}

/// The same of the backward pass: x, dt x, dy, d(dt x), B, C, dB, dC of a chunk; its scalars and sums of lanes; the states at
/// the beginnings of all chunks, the state's gradient, the states of a tile through a chunk; the worker's dB and dC.
inline int64_t scan_backward_words(const SsdScanArgs& a) {
  int64_t state = scan_states(a) * scan_width(a), chunks = (scan_longest(a) + kScanChunk - 1) / kScanChunk;
  return kScanChunk * (4 * scan_width(a) + 4 * scan_states(a)) + kScanChunk * (4 + kScanLanes) + (chunks + 2) * state +
         (kScanChunk + 1) * kScanRows * kScanColumns + 2 * a.rows * a.groups * scan_states(a) + 32 * kScanLanes;
}

}  // namespace
}  // namespace malmoi::kernels
