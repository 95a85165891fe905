// Rows of tables by id. The rules that hold for all kernels stand in backend.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/contract/dropout.h"
#include "tensor/dtype.h"

namespace malmoi::kernels {

/// One table of a sum: row r of it is that of ids[r].
struct EmbeddingTable {
  const int32_t* ids = nullptr;
  const void* rows = nullptr;  // [entries, cols]
  DType dtype = DType::kF32;
};
constexpr int kMaxEmbeddingTables = 3;  // words, positions, token types

/// y[r] = scale * (base[r] + the sum over tables of rows[ids[r]]), then dropout.
struct EmbeddingArgs {
  DType dtype = DType::kF32;
  int64_t rows = 0, cols = 0;
  const void* base = nullptr;  // [rows, cols] of dtype, rows that were gathered before; may be y; null: zero
  EmbeddingTable tables[kMaxEmbeddingTables];
  int num_tables = 0;
  float scale = 1;
  void* y = nullptr;  // [rows, cols]
  Dropout dropout;
};
/// dtable[ids[r]] += scale * dropout(dy[r]), added in the order of r for every id, whatever the number of threads.
struct EmbeddingBackwardArgs {
  DType dtype = DType::kF32;
  int64_t rows = 0, cols = 0, vocab = 0;
  const int32_t* ids = nullptr;
  int32_t padding_id = -1;  // rows of this id give nothing
  const void* dy = nullptr;
  float scale = 1;
  void* dtable = nullptr;   // [vocab, cols], f32
  void* scratch = nullptr;  // embedding_backward_scratch() bytes
  Dropout dropout;
};
size_t embedding_backward_scratch(int64_t rows, int64_t vocab);

}  // namespace malmoi::kernels
