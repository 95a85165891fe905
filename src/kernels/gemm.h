// Matrix products for training and prefill, behind one door: providers (our own packed ones, oneDNN, plain loops) are
// chosen here.
#pragma once

#include <cstdint>

#include "tensor/dtype.h"

namespace malmoi::kernels {

/// C[m, n] = op(A)[m, k] op(B)[k, n] (+ C) (+ bias[n]), row-major with leading dimensions in elements.
/// Types: A and B both f32, both bf16, or (oracle only) both f64; C f32, bf16 or f64. Sums are kept in f32 (f64 for f64).
struct GemmArgs {
  int64_t m = 0, n = 0, k = 0;
  const void* a = nullptr;
  DType a_type = DType::kF32;
  int64_t lda = 0;
  bool transpose_a = false;  // A is stored [k, m]
  const void* b = nullptr;
  DType b_type = DType::kF32;
  int64_t ldb = 0;
  bool transpose_b = false;  // B is stored [n, k], as a linear layer's weight
  void* c = nullptr;
  DType c_type = DType::kF32;
  int64_t ldc = 0;
  bool accumulate = false;      // C += instead of C =
  const float* bias = nullptr;  // [n], f32; of type f64 where A is f64
  /// Rows of A and columns of B may be rounded to 8 bits, with a scale each (A bf16, not transposed).
  bool int8 = false;
};

/// One way to compute products. `supports` says whether it can do this one on this machine.
struct GemmProvider {
  const char* name;
  bool (*supports)(const GemmArgs&);
  void (*run)(const GemmArgs&);
};

/// Runs on the first that can: 8 bits where asked for, our packed products (after oneDNN where MALMOI_GEMM=onednn asks for
/// it), the portable loops, which support everything.
/// One compute thread at a time. Same sizes, types and thread count give the same bits.
void gemm(const GemmArgs& args);

/// The providers in order; a test holds them against the oracle.
const GemmProvider* gemm_providers(int& count);

/// Whether this machine multiplies in 8 bits; where it does not, GemmArgs::int8 changes nothing.
bool has_int8_products();

/// Bytes that primitives hold for scratch and prepared weights, so that a memory plan can count them.
size_t gemm_memory();

}  // namespace malmoi::kernels
