// The norm beside a gate, of Mamba-2 and its kin. The rules that hold for all kernels stand in backend.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace malmoi::kernels {

/// y = rmsnorm(x * silu(z)) * weight, the mean of squares taken over each of `groups` equal parts of a row: the gate comes
/// before the norm (Dao & Gu 2024). Or `norm_first`: y = rmsnorm(x) * weight * silu(z) (Yang et al. 2024).
struct GatedNormArgs {
  DType dtype = DType::kF32;
  int64_t rows = 0, cols = 0, groups = 1;
  int64_t x_stride = 0, z_stride = 0, y_stride = 0;  // elements between rows
  const void* x = nullptr;
  const void* z = nullptr;
  const void* weight = nullptr;  // [cols], or [cols / groups] if shared, f32 (oracle f64); null: ones
  bool shared_weight = false;    // all groups have one weight
  bool norm_first = false;
  float eps = 1e-5f;
  void* y = nullptr;     // may be x where no backward follows
  void* rstd = nullptr;  // [rows, groups], f32 (oracle f64); may be null where no backward follows
};
struct GatedNormBackwardArgs {
  GatedNormArgs forward;     // with rstd filled; y is not read
  const void* dy = nullptr;  // at y_stride
  int64_t dx_stride = 0, dz_stride = 0;
  void* dx = nullptr;  // may be dy
  void* dz = nullptr;
  bool accumulate_dz = false;  // dz += instead of dz =
  void* dweight = nullptr;     // like the weight, accumulated; null: not wanted
  void* scratch = nullptr;     // gated_norm_backward_scratch() bytes
};
size_t gated_norm_backward_scratch(int64_t cols);

}  // namespace malmoi::kernels
