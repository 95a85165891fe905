// The largest singular values of a matrix and their vectors.
#pragma once

#include <cstdint>
#include <vector>

#include "tensor/tensor.h"

namespace malmoi::model {

/// W is about left^T diag(values) right, the best of its rank; vectors have length 1, those of a value of 0 length 0.
struct PrincipalPart {
  std::vector<float> values;  // falling
  Tensor left;                // f32 [rank, rows]: of a value a row
  Tensor right;               // f32 [rank, columns]
};

/// Of a matrix [rows, columns] in f32; `rank` is at most the smaller of them. By subspace iteration (Halko, Martinsson & Tropp 2011)
/// from vectors that `seed` draws: the same for the same seed and threads.
PrincipalPart principal_part(const Tensor& matrix, int64_t rank, uint64_t seed);

/// The factors of low rank whose product, times `scale` (above 0), is the part: a = sqrt(S / scale) V^T [rank, columns] and
/// b = U sqrt(S / scale) [rows, rank].
void write_factors(const PrincipalPart& part, double scale, float* a, float* b);

}  // namespace malmoi::model
