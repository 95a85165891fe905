// Activations, gated activations and the elementwise sum. The rules that hold for all kernels stand in backend.h.
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
