// Chooses the provider of each product.
#include "kernels/gemm.h"

#include <array>

#include "kernels/gemm_internal.h"

namespace malmoi::kernels {

const GemmProvider* gemm_providers(int& count) {
  static const std::array providers = {onednn_provider(), packed_provider(), portable_provider()};
  count = static_cast<int>(providers.size());
  return providers.data();
}

void gemm(const GemmArgs& args) {
  if (args.m == 0 || args.n == 0) return;
  int count = 0;
  const GemmProvider* providers = gemm_providers(count);
  for (int i = 0; i < count; ++i) {
    if (providers[i].supports(args)) return providers[i].run(args);
  }
}

size_t gemm_memory() { return onednn_memory() + packed_memory(); }

}  // namespace malmoi::kernels
