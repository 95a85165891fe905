// Chooses the provider of each product.
#include "kernels/gemm.h"

#include <array>

#include "base/cpu.h"
#include "kernels/gemm_internal.h"

namespace malmoi::kernels {

const GemmProvider* gemm_providers(int& count) {
  static const std::array providers = {int8_provider(), onednn_provider(), packed_provider(), portable_provider()};
  count = static_cast<int>(providers.size());
  return providers.data();
}

namespace {

/// A rule of sizes alone, so that a product has the same bits in every run. On AVX-512 our packed products win from
/// about 1.5e8 operations on (1.0-1.1 times oneDNN forward, 1.15-1.5 times for gradients of weights); oneDNN has less
/// to set up below that, and is as good on AVX2 in f32.
bool packed_first(const GemmArgs& g) {
  if (active_isa() != Isa::kAvx512) return false;
  return 2.0 * static_cast<double>(g.m) * static_cast<double>(g.n) * static_cast<double>(g.k) >= 1.5e8;
}

const GemmProvider* choose(const GemmArgs& args) {
  if (int8_provider().supports(args)) return &int8_provider();
  if (packed_first(args) && packed_provider().supports(args)) return &packed_provider();
  int count = 0;
  const GemmProvider* providers = gemm_providers(count);
  for (int i = 0; i < count; ++i) {
    if (providers[i].supports(args)) return &providers[i];
  }
  return nullptr;
}

}  // namespace

bool run_gemm(const GemmArgs& args) {
  if (args.m == 0 || args.n == 0) return true;
  const GemmProvider* chosen = choose(args);
  if (chosen) chosen->run(args);
  return chosen != nullptr;
}

bool can_gemm(const GemmArgs& args) { return choose(args) != nullptr; }

size_t gemm_memory() { return onednn_memory() + scratch_memory(); }

}  // namespace malmoi::kernels
