// Rotary positions. The rules that hold for all kernels stand in backend.h.
#pragma once

#include <cstdint>

#include "tensor/dtype.h"

namespace malmoi::kernels {

/// Texts of another length have other angles (Ding et al. 2024): a row of a text longer than `beyond` reads the tables
/// `first_row` rows further.
struct LongTexts {
  const int32_t* lengths = nullptr;  // [rows], of the text that each row belongs to; null: all have the same tables
  int64_t beyond = 0, first_row = 0;
};

/// Rotates pairs of each head in place (Su et al. 2021). Element i < rotary_dim/2 is paired with i + rotary_dim/2, or, if
/// interleaved, 2i with 2i+1. (a, b) -> (a cos - b sin, b cos + a sin); inverse: sin negated (the gradient's pass).
struct RotaryArgs {
  DType dtype = DType::kF32;
  void* x = nullptr;  // row r starts at x + r * row_stride (elements); its heads are contiguous
  int64_t rows = 0, row_stride = 0, heads = 0, head_dim = 0, rotary_dim = 0;
  bool interleaved = false, inverse = false;
  const int32_t* positions = nullptr;  // [rows]
  const float* cos = nullptr;          // [positions, rotary_dim/2], f32 always; those of long texts behind the others
  const float* sin = nullptr;
  LongTexts long_texts;
};

}  // namespace malmoi::kernels
