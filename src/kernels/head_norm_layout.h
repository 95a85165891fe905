// How the runs of heads of a head norm lie in a row and their weights in memory, the same for every backend.
#pragma once

#include "kernels/contract/head_norm.h"

namespace malmoi::kernels {
namespace {  // included by files of several instruction sets: nothing here may be shared by the linker

/// Heads of a row, over all runs.
inline int64_t all_heads(const HeadNormArgs& a) {
  int64_t heads = 0;
  for (int i = 0; i < a.num_runs; ++i) heads += a.runs[i].heads;
  return heads;
}

/// Where the last run ends; columns beyond are copied.
inline int64_t columns_of_runs(const HeadNormArgs& a) {
  int64_t columns = 0;
  for (int i = 0; i < a.num_runs; ++i) columns += a.runs[i].skip + a.runs[i].heads * a.runs[i].head_dim;
  return columns;
}

/// Elements of a run's weight, and of its bias.
inline int64_t weights_of(const HeadRun& run) { return run.stride == 0 ? run.head_dim : run.heads * run.head_dim; }

}  // namespace
}  // namespace malmoi::kernels
