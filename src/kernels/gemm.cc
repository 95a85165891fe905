// Chooses the provider of each product.
#include "kernels/gemm.h"

#include <array>
#include <cstdlib>
#include <string_view>

#include "base/cpu.h"
#include "kernels/gemm_internal.h"

namespace malmoi::kernels {

const GemmProvider* gemm_providers(int& count) {
  static const std::array providers = {int8_provider(), onednn_provider(), packed_provider(), portable_provider()};
  count = static_cast<int>(providers.size());
  return providers.data();
}

namespace {

/// Our packed products are as fast as oneDNN's on AVX-512 and AVX2 (bench/RESULTS.md), and their threads make way for
/// other programs; oneDNN's OpenMP threads spin on. MALMOI_GEMM=onednn puts oneDNN first, to compare.
bool onednn_first() {
  static const bool asked = [] {
    const char* name = std::getenv("MALMOI_GEMM");
    return name && std::string_view(name) == "onednn";
  }();
  return asked;
}

const GemmProvider* choose(const GemmArgs& args) {
  if (int8_provider().supports(args)) return &int8_provider();
  if (onednn_first() && onednn_provider().supports(args)) return &onednn_provider();
  if (packed_provider().supports(args)) return &packed_provider();
  return portable_provider().supports(args) ? &portable_provider() : nullptr;
}

}  // namespace

bool run_gemm(const GemmArgs& args) {
  if (args.m == 0 || args.n == 0) return true;
  const GemmProvider* chosen = choose(args);
  if (chosen) chosen->run(args);
  return chosen != nullptr;
}

bool can_gemm(const GemmArgs& args) { return choose(args) != nullptr; }

bool has_bf16_products() { return active_isa() == Isa::kAvx512Bf16; }

}  // namespace malmoi::kernels
