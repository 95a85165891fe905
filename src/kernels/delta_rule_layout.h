// The chunks and scratch of the gated delta rule, the same for every instruction set.
#pragma once

#include "base/parallel.h"
#include "kernels/contract/delta_rule.h"

namespace malmoi::kernels {
namespace {  // included by files of several instruction sets: nothing here may be shared by the linker

constexpr int64_t kDeltaChunk = 32;               // rows at a time: work within a chunk grows with its square
constexpr int64_t kDeltaPairs = 2 * kDeltaChunk;  // rows of k and q together
constexpr int64_t kDeltaLanes = 16;               // the most lanes of any instruction set

inline int64_t delta_round(int64_t n) { return (n + kDeltaLanes - 1) / kDeltaLanes * kDeltaLanes; }

/// A row of q and k, and a row of v, as they lie in scratch.
inline int64_t delta_keys(const DeltaRuleArgs& a) { return delta_round(a.key_dim); }
inline int64_t delta_values(const DeltaRuleArgs& a) { return delta_round(a.value_dim); }
inline int64_t delta_state(const DeltaRuleArgs& a) { return a.key_dim * delta_values(a); }

inline int64_t delta_longest(const DeltaRuleArgs& a) {
  int64_t longest = 0;
  for (int64_t i = 0; i < a.num_runs; ++i) longest = a.runs[i].length > longest ? a.runs[i].length : longest;
  return longest;
}
inline int64_t delta_chunks(const DeltaRuleArgs& a) { return (delta_longest(a) + kDeltaChunk - 1) / kDeltaChunk; }

/// Elements of 4 bytes of a chunk: k and q in rows and in columns, what they read, d, scores, products of decays; alpha, beta
/// and the decay since the chunk began.
inline int64_t delta_chunk_words(const DeltaRuleArgs& a) {
  return 2 * kDeltaPairs * delta_keys(a) + (kDeltaPairs + kDeltaChunk) * delta_values(a) +
         (kDeltaPairs + kDeltaChunk) * kDeltaChunk + 3 * kDeltaChunk;
}

/// What one worker of the forward pass needs: a chunk, one state.
inline int64_t delta_words(const DeltaRuleArgs& a) { return delta_chunk_words(a) + delta_state(a); }

/// Workers of the backward pass: key heads are shared out among them.
inline int64_t delta_workers(const DeltaRuleArgs& a) {
  int64_t workers = num_threads() < a.key_heads ? num_threads() : a.key_heads;
  return workers > 1 ? workers : 1;
}

/// The same of the backward pass: a chunk; the states at the beginnings of all chunks and the state's gradient; of a chunk dy,
/// the gradients of d and of what k and q read, d and the latter in columns; three small matrices; gradients of k and q in
/// rows and in columns; scalars of each row; the gradients of k and q of a whole run.
inline int64_t delta_backward_words(const DeltaRuleArgs& a) {
  int64_t keys = delta_keys(a), values = delta_values(a);
  return delta_chunk_words(a) + (delta_chunks(a) + 1) * delta_state(a) +
         (2 * kDeltaChunk + kDeltaPairs + kDeltaChunk + kDeltaPairs) * values + 3 * kDeltaChunk * kDeltaChunk +
         2 * kDeltaPairs * keys + 4 * kDeltaChunk + 2 * delta_longest(a) * keys;
}

}  // namespace
}  // namespace malmoi::kernels
