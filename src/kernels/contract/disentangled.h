// The probabilities of disentangled attention. The rules that hold for all kernels stand in backend.h.
#pragma once

#include <cstdint>

#include "kernels/contract/dropout.h"
#include "tensor/dtype.h"

namespace malmoi::kernels {

/// One head of one run, whose scores have parts that depend on distances (He et al. 2021, equation 2):
/// p[i, j] = dropout(softmax over j of scale (scores[i, j] + to_position[i, r] + from_position[j, r])),
/// r = rows[i - j + length - 1] - first_row. A key that the mask hides has p 0; a query that it hides reads all keys alike.
struct DisentangledArgs {
  DType dtype = DType::kF32;          // of all numbers: kF32 (oracle kF64)
  int64_t length = 0, positions = 0;  // queries and keys; columns of the two parts
  const int32_t* rows = nullptr;      // [2 length - 1]
  int32_t first_row = 0;              // of those that the parts have
  const uint8_t* key_mask = nullptr;  // [length], 0: padding; null: all count
  float scale = 1;
  void* scores = nullptr;         // [length, length]: queries by keys; becomes the softmax
  void* to_position = nullptr;    // [length, positions]: queries by positions' keys; null: none
  void* from_position = nullptr;  // [length, positions]: keys by positions' queries; null: none
  void* p = nullptr;              // [length, length]; may be scores
  Dropout dropout;                // element index ((first_element + i) << 20) + j
  uint64_t first_element = 0;
};
/// The three parts of the scores become their gradients. `forward` as it was given to the forward pass, which has run; p is
/// not read.
struct DisentangledBackwardArgs {
  DisentangledArgs forward;
  const void* dp = nullptr;  // like p
};

}  // namespace malmoi::kernels
