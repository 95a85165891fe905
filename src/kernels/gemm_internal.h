// The providers of matrix products; gemm.cc puts them in order.
#pragma once

#include "kernels/gemm.h"

namespace malmoi::kernels {

/// oneDNN's matmul: f32 everywhere, bf16 where its effective instruction set multiplies bf16.
const GemmProvider& onednn_provider();
size_t onednn_memory();

/// Our own, packed, on the instruction set in use: f32 and bf16.
const GemmProvider& packed_provider();
size_t packed_memory();

/// Straight loops for every type and layout.
const GemmProvider& portable_provider();

}  // namespace malmoi::kernels
