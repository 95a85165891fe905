// The provider of our own packed products: picks the instruction set.
#include "kernels/gemm_packed.h"

#include "base/cpu.h"
#include "base/parallel.h"
#include "kernels/gemm_internal.h"

namespace malmoi::kernels {
namespace {

const PackedProducts& products() {
  static const PackedProducts& chosen = []() -> const PackedProducts& {
    switch (active_isa()) {
#ifdef MALMOI_SIMD_avx512
      case Isa::kAvx512: return avx512::packed_products();
      case Isa::kAvx512Bf16: return avx512_bf16::packed_products();
#endif
#ifdef MALMOI_SIMD_avx2
      case Isa::kAvx2: return avx2::packed_products();
#endif
      default: return baseline::packed_products();
    }
  }();
  return chosen;
}

bool supports_packed(const GemmArgs& g) {
  if (g.m <= 0 || g.n <= 0 || g.k <= 0 || g.a_type != g.b_type) return false;
  auto narrow = [](DType t) { return t == DType::kF32 || t == DType::kBF16; };
  return narrow(g.a_type) && narrow(g.c_type);
}

void run_packed(const GemmArgs& g) {
  PackedPlan plan = products().plan(g, num_threads());
  ScratchLock scratch(static_cast<size_t>(plan.words * num_threads()) * sizeof(uint32_t));
  products().run(g, plan, scratch.memory());
}

}  // namespace

const GemmProvider& packed_provider() {
  static const GemmProvider provider = {"packed", supports_packed, run_packed};
  return provider;
}

}  // namespace malmoi::kernels
