// Norms over the heads of each row, before attention. The rules that hold for all kernels stand in backend.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace malmoi::kernels {

/// Heads that lie beside each other in a row. One head of the whole width is a norm over all heads together.
struct HeadRun {
  int64_t heads = 0, head_dim = 0;
  const void* weight = nullptr;  // f32 (oracle f64); null: all ones
  const void* bias = nullptr;    // laid out as the weight, or null
  int64_t stride = 0;            // from one head's weight and bias to the next's: 0 (all heads share them) or head_dim
  int64_t skip = 0;              // columns before its first head that are copied
};

constexpr int kMaxHeadRuns = 2;  // queries, keys

/// Each head of each run: y = norm(x) * (weight + weight_offset) + bias, with RMS or layer norm as NormArgs has them
/// (Dehghani et al. 2023, queries and keys). Runs begin at column 0, one after another; columns beside them are copied.
struct HeadNormArgs {
  DType dtype = DType::kF32;
  bool layer = false;
  int64_t rows = 0, cols = 0;          // columns of y, those copied among them
  int64_t x_stride = 0, y_stride = 0;  // elements between rows
  HeadRun runs[kMaxHeadRuns];
  int num_runs = 0;
  float weight_offset = 0;
  float eps = 1e-6f;
  const void* x = nullptr;
  void* y = nullptr;     // may be x where no backward follows
  void* mean = nullptr;  // [rows, heads of all runs], f32 (oracle f64); layer norm only; may be null, as rstd
  void* rstd = nullptr;  // [rows, heads of all runs]
};

/// dx of every column (copied ones pass dy through); dweight += ..., dbias += ..., in an order of the sizes and threads alone.
struct HeadNormBackwardArgs {
  HeadNormArgs forward;  // as given to the forward pass, with x as it was, mean and rstd filled; y is not read
  const void* dy = nullptr;
  void* dx = nullptr;  // may be dy
  int64_t dy_stride = 0, dx_stride = 0;
  void* dweight[kMaxHeadRuns] = {};  // like the run's weight, accumulated; null: not wanted
  void* dbias[kMaxHeadRuns] = {};
  void* scratch = nullptr;  // head_norm_backward_scratch() bytes
};
size_t head_norm_backward_scratch(const HeadNormArgs& args);

}  // namespace malmoi::kernels
