// Latent attention (DeepSeek-V2, section 2.1): keys and values of all heads from what they share, and products of heads with
// matrices of their own. The rules that hold for all kernels stand in backend.h.
#pragma once

#include <cstdint>

#include "tensor/dtype.h"

namespace malmoi::kernels {

/// Rows of heads that lie [own key | value] become keys [own key | the part that all heads share] and values.
struct LatentKeysArgs {
  DType dtype = DType::kF32;
  int64_t rows = 0, heads = 0;
  int64_t own_dim = 0, shared_dim = 0, value_dim = 0;
  const void* own = nullptr;  // [rows, heads (own_dim + value_dim)]
  const void* shared = nullptr;
  int64_t shared_stride = 0;  // elements between rows of `shared`, of which the first shared_dim are read
  void* keys = nullptr;       // [rows, heads (own_dim + shared_dim)]
  void* values = nullptr;     // [rows, heads value_dim]
};
struct LatentKeysBackwardArgs {
  LatentKeysArgs forward;       // its sizes alone are read
  const void* dkeys = nullptr;  // null: zero, as dvalues
  const void* dvalues = nullptr;
  void* down = nullptr;     // like own; overwritten
  void* dshared = nullptr;  // summed over heads and added; dshared_stride elements between rows
  int64_t dshared_stride = 0;
};

/// Products of serving: head h of each row of x has a matrix of its own. W_h is [out, in], y_h = W_h x_h; or, transposed, it
/// is stored [in, out], y_h = W_h^T x_h. A row's bits do not depend on the number of rows.
struct HeadProductArgs {
  DType dtype = DType::kF32, w_dtype = DType::kF32;  // of x and y, of w: f32, bf16 (w: f16, too)
  int64_t rows = 0, heads = 0, in = 0, out = 0;
  bool transposed = false;
  int64_t tail = 0;  // columns behind a head's `in` that are copied behind its `out`
  const void* x = nullptr;
  int64_t x_stride = 0, x_head = 0;  // elements between rows, between heads of a row
  const void* w = nullptr;           // the matrix of head 0, whose rows are contiguous
  int64_t w_head = 0;                // elements between the matrices of heads
  void* y = nullptr;
  int64_t y_stride = 0, y_head = 0;
};

}  // namespace malmoi::kernels
