// Activations, gates, factors of columns and the elementwise sum. The rules that hold for all kernels stand in backend.h.
#pragma once

#include <cstdint>

#include "kernels/contract/dropout.h"
#include "tensor/dtype.h"

namespace malmoi::kernels {

enum class Activation : uint8_t {
  kNone,
  kGelu,      // x Phi(x), exact
  kGeluTanh,  // 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
  kRelu,
  kSilu,  // x sigmoid(x)
  kTanh,
  kSigmoid,
  kReluSquared,  // max(x, 0)^2
};

/// y = act(x). y may be x.
struct ActivationArgs {
  DType dtype = DType::kF32;
  Activation kind = Activation::kNone;
  int64_t n = 0;
  const void* x = nullptr;
  void* y = nullptr;
};
/// dx = act'(x) dy. dx may be dy or x.
struct ActivationBackwardArgs {
  DType dtype = DType::kF32;
  Activation kind = Activation::kNone;
  int64_t n = 0;
  const void* x = nullptr;
  const void* dy = nullptr;
  void* dx = nullptr;
};

/// y[r, c] = act(gate) * up, where row r of `gate_up` holds gate[0..cols) then up[0..cols) (Shazeer 2020).
struct GatedArgs {
  DType dtype = DType::kF32;
  Activation kind = Activation::kSilu;
  int64_t rows = 0, cols = 0;
  const void* gate_up = nullptr;  // [rows, 2 cols]
  void* y = nullptr;              // [rows, cols]
};
struct GatedBackwardArgs {
  DType dtype = DType::kF32;
  Activation kind = Activation::kSilu;
  int64_t rows = 0, cols = 0;
  const void* gate_up = nullptr;  // [rows, 2 cols]
  const void* dy = nullptr;       // [rows, cols]
  void* dgate_up = nullptr;       // [rows, 2 cols]; may be gate_up
};

/// y[r, c] = x[r, c] * act(z[r, c]): a gate that lies elsewhere than what it gates. Or act(z[r]), one for the whole row.
struct MultiplyArgs {
  DType dtype = DType::kF32;
  Activation kind = Activation::kNone;
  int64_t rows = 0, cols = 0;
  bool one_gate = false;                             // of a row
  int64_t x_stride = 0, z_stride = 0, y_stride = 0;  // elements between rows
  const void* x = nullptr;
  const void* z = nullptr;
  void* y = nullptr;  // may be x
};
struct MultiplyBackwardArgs {
  MultiplyArgs forward;      // y is not read
  const void* dy = nullptr;  // at y_stride
  int64_t dx_stride = 0, dz_stride = 0;
  void* dx = nullptr;                                 // may be dy or x
  void* dz = nullptr;                                 // may be z
  bool accumulate_dx = false, accumulate_dz = false;  // += instead of =
};

/// Columns beside each other that have one factor.
struct ColumnScale {
  int64_t columns = 0;
  float factor = 1;
};
constexpr int kMaxColumnScales = 5;  // the parts of a Mamba-2 projection

/// y = factor x by runs of columns, from the first on; columns beyond them are copied.
struct ScaleArgs {
  DType dtype = DType::kF32;
  int64_t rows = 0, cols = 0;
  ColumnScale runs[kMaxColumnScales];
  int num_runs = 0;
  const void* x = nullptr;  // [rows, cols]
  void* y = nullptr;        // [rows, cols]; may be x
};

/// y = x + dropout(delta), elementwise; y may be x. backward of the mask alone: dropout(delta) with x null.
struct AddArgs {
  DType dtype = DType::kF32;
  int64_t n = 0;
  const void* x = nullptr;  // null: zero
  const void* delta = nullptr;
  void* y = nullptr;  // may be x or delta
  Dropout dropout;
};

}  // namespace malmoi::kernels
