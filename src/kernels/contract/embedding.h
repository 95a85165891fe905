// Rows of tables by id. The rules that hold for all kernels stand in kernels.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/contract/dropout.h"
#include "tensor/dtype.h"

namespace malmoi::kernels {

/// y[r] = scale * (table[ids[r]] + positions_table[positions[r]]), then dropout. Tables are of type table_dtype.
struct EmbeddingArgs {
  DType dtype = DType::kF32, table_dtype = DType::kF32;
  int64_t rows = 0, cols = 0;
  const int32_t* ids = nullptr;
  const void* table = nullptr;            // [vocab, cols]
  const int32_t* positions = nullptr;     // null: no positions
  const void* positions_table = nullptr;  // [max_positions, cols]
  float scale = 1;
  void* y = nullptr;  // [rows, cols]
  Dropout dropout;
};
/// dtable[ids[r]] += scale * dropout(dy[r]), added in the order of r for every id, whatever the number of threads.
struct EmbeddingBackwardArgs {
  DType dtype = DType::kF32;
  int64_t rows = 0, cols = 0, vocab = 0;
  const int32_t* ids = nullptr;
  const void* dy = nullptr;
  float scale = 1;
  void* dtable = nullptr;   // [vocab, cols], f32
  void* scratch = nullptr;  // embedding_backward_scratch() bytes
  Dropout dropout;
};
size_t embedding_backward_scratch(int64_t rows, int64_t vocab);

}  // namespace malmoi::kernels
