// The provider of our own packed products: picks the instruction set and keeps the scratch.
#include "kernels/gemm_packed.h"

#include <cstdlib>
#include <memory>
#include <mutex>

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
#endif
#ifdef MALMOI_SIMD_avx2
      case Isa::kAvx2: return avx2::packed_products();
#endif
      default: return baseline::packed_products();
    }
  }();
  return chosen;
}

/// One buffer for all products, grown to the largest met.
struct Workspace {
  std::mutex door;
  std::unique_ptr<std::byte, void (*)(void*)> memory{nullptr, std::free};
  size_t bytes = 0;

  void* reserve(size_t wanted) {
    if (wanted > bytes) {
      memory.reset();
      bytes = (wanted + 4095) & ~size_t{4095};
      memory.reset(static_cast<std::byte*>(std::aligned_alloc(4096, bytes)));
    }
    return memory.get();
  }
};

Workspace& workspace() {
  static Workspace* instance = new Workspace;  // never destroyed: threads may still compute at exit
  return *instance;
}

bool supports(const GemmArgs& g) {
  if (g.m <= 0 || g.n <= 0 || g.k <= 0 || g.a_type != g.b_type) return false;
  auto narrow = [](DType t) { return t == DType::kF32 || t == DType::kBF16; };
  return narrow(g.a_type) && narrow(g.c_type);
}

void run(const GemmArgs& g) {
  PackedPlan plan = products().plan(g, num_threads());
  Workspace& space = workspace();
  std::lock_guard lock(space.door);
  size_t bytes = static_cast<size_t>(plan.words * plan.grid_m * plan.grid_n) * sizeof(uint32_t);
  products().run(g, plan, space.reserve(bytes));
}

}  // namespace

const GemmProvider& packed_provider() {
  static const GemmProvider provider = {"packed", supports, run};
  return provider;
}

size_t packed_memory() { return workspace().bytes; }

}  // namespace malmoi::kernels
