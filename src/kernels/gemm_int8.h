// Products rounded to 8 bits: what gemm_int8.cc asks of AVX-512 with VNNI, the one instruction set that has them.
#pragma once

#include "kernels/gemm.h"

namespace malmoi::kernels::avx512 {

/// Bytes that a product packs into.
size_t int8_scratch_bytes(const GemmArgs& args, int threads);
/// A and B bf16, A not transposed.
void int8_product(const GemmArgs& args, int threads, void* scratch);

}  // namespace malmoi::kernels::avx512
