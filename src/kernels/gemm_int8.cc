// The provider of products rounded to 8 bits: only where they were asked for, and only on AVX-512 with VNNI.
#include "kernels/gemm_int8.h"

#include "base/cpu.h"
#include "base/parallel.h"
#include "kernels/gemm_internal.h"

namespace malmoi::kernels {

namespace {

/// Null where the instruction set in use has none.
const Int8Products* int8_products() {
#ifdef MALMOI_SIMD_avx512
  if (active_isa() == Isa::kAvx512) return &avx512::int8_products();
  if (active_isa() == Isa::kAvx512Bf16) return &avx512_bf16::int8_products();
#endif
  return nullptr;
}

}  // namespace

bool has_int8_products() { return int8_products() != nullptr; }

namespace {

bool supports_int8(const GemmArgs& g) {
  if (!g.int8 || !has_int8_products() || g.m <= 0 || g.n <= 0 || g.k <= 0 || g.transpose_a) return false;
  return g.a_type == DType::kBF16 && g.b_type == DType::kBF16 && (g.c_type == DType::kBF16 || g.c_type == DType::kF32);
}

void run_int8(const GemmArgs& g) {
  const Int8Products& products = *int8_products();
  ScratchLock scratch(products.scratch_bytes(g, num_threads()));
  products.run(g, num_threads(), scratch.memory());
}

}  // namespace

const GemmProvider& int8_provider() {
  static const GemmProvider provider = {"int8", supports_int8, run_int8};
  return provider;
}

}  // namespace malmoi::kernels
