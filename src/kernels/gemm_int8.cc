// The provider of products rounded to 8 bits: only where they were asked for, and only on AVX-512 with VNNI.
#include "kernels/gemm_int8.h"

#include "base/cpu.h"
#include "base/parallel.h"
#include "kernels/gemm_internal.h"

namespace malmoi::kernels {

bool has_int8_products() {
#ifdef MALMOI_SIMD_avx512
  return active_isa() == Isa::kAvx512;
#else
  return false;
#endif
}

namespace {

bool supports_int8(const GemmArgs& g) {
  if (!g.int8 || !has_int8_products() || g.m <= 0 || g.n <= 0 || g.k <= 0 || g.transpose_a) return false;
  return g.a_type == DType::kBF16 && g.b_type == DType::kBF16 && (g.c_type == DType::kBF16 || g.c_type == DType::kF32);
}

void run_int8(const GemmArgs& g) {
#ifdef MALMOI_SIMD_avx512
  ScratchLock scratch(avx512::int8_scratch_bytes(g, num_threads()));
  avx512::int8_product(g, num_threads(), scratch.memory());
#else
  (void)g;
#endif
}

}  // namespace

const GemmProvider& int8_provider() {
  static const GemmProvider provider = {"int8", supports_int8, run_int8};
  return provider;
}

}  // namespace malmoi::kernels
