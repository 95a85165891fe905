// Norms over rows, with the residual sum before them. The rules that hold for all kernels stand in backend.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/contract/dropout.h"
#include "tensor/dtype.h"

namespace malmoi::kernels {

/// y = norm(sum) * (weight + weight_offset) + bias with sum = x + delta_scale * dropout(delta).
/// RMS: norm(s) = s / sqrt(mean(s^2) + eps). Layer: norm(s) = (s - mean(s)) / sqrt(var(s) + eps).
struct NormArgs {
  DType dtype = DType::kF32;
  bool layer = false;  // false: RMS norm (Zhang & Sennrich 2019); true: layer norm (Ba et al. 2016)
  int64_t rows = 0, cols = 0;
  const void* x = nullptr;      // [rows, cols]
  const void* delta = nullptr;  // [rows, cols] or null
  void* sum = nullptr;  // [rows, cols], rounded to dtype before it is normalised; may be x; unused if delta is null
  void* y = nullptr;    // [rows, cols]; null: only the sum and the statistics
  const void* weight = nullptr;  // [cols]; null: all ones
  const void* bias = nullptr;    // [cols] or null
  float weight_offset = 0;
  float eps = 1e-5f;
  void* mean = nullptr;  // [rows]; layer norm only; may be null where no backward follows
  void* rstd = nullptr;  // [rows]; may be null where no backward follows
  float delta_scale = 1;
  Dropout dropout;
};

/// dx = d(y)/d(sum)^T dy + dsum; ddelta = delta_scale * dropout(dx); dweight += ..., dbias += ...
struct NormBackwardArgs {
  DType dtype = DType::kF32;
  bool layer = false;
  int64_t rows = 0, cols = 0;
  const void* sum = nullptr;   // as the forward pass left it
  const void* dy = nullptr;    // [rows, cols]
  const void* dsum = nullptr;  // [rows, cols] or null: what later uses of the sum send back; may be dx
  const void* weight = nullptr;
  float weight_offset = 0;
  const void* mean = nullptr;
  const void* rstd = nullptr;
  void* dx = nullptr;       // [rows, cols]
  void* ddelta = nullptr;   // [rows, cols] or null (without dropout and factor ddelta is dx)
  void* dweight = nullptr;  // [cols] or null, accumulated
  void* dbias = nullptr;    // [cols] or null, accumulated
  void* scratch = nullptr;  // norm_backward_scratch() bytes
  float delta_scale = 1;
  Dropout dropout;
};
size_t norm_backward_scratch(int64_t rows, int64_t cols, DType dtype);

}  // namespace malmoi::kernels
