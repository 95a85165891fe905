// The instruction set that kernels run on: what this CPU has, limited by MALMOI_ISA.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace malmoi {

/// Levels in order; each includes the ones before it.
enum class Isa {
  kBaseline,    // x86-64 (SSE2), or whatever the compiler targets elsewhere
  kAvx2,        // AVX2, FMA, F16C
  kAvx512,      // AVX-512 F, BW, DQ, VL and VNNI (servers since Cascade Lake, laptops since Ice Lake)
  kAvx512Bf16,  // and BF16 (Cooper Lake, Sapphire Rapids, Zen 4)
};
inline constexpr Isa kIsas[] = {Isa::kBaseline, Isa::kAvx2, Isa::kAvx512, Isa::kAvx512Bf16};

std::string_view isa_name(Isa isa);  // "baseline", "avx2", "avx512", "avx512_bf16"
/// The best level this CPU has, of those that the build has kernels for (sanitizers leave the highest out).
Isa detected_isa();
/// The level in use: MALMOI_ISA if it is set and the CPU has it, else detected_isa(). Fixed at the first call, which
/// also limits oneDNN (ONEDNN_MAX_CPU_ISA) unless that is set already. Call it before any product.
Isa active_isa();
/// Whether MALMOI_ISA, if set, is a known level that this CPU has.
Status check_isa_setting();
/// The CPU's name as the system gives it.
std::string cpu_model();

}  // namespace malmoi
