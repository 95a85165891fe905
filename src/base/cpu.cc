#include "base/cpu.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace malmoi {

std::string_view isa_name(Isa isa) {
  switch (isa) {
    case Isa::kBaseline: return "baseline";
    case Isa::kAvx2: return "avx2";
    case Isa::kAvx512: return "avx512";
    case Isa::kAvx512Bf16: return "avx512_bf16";
  }
  return "?";
}

namespace {

Isa best_of_cpu() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return Isa::kBaseline;
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512vnni");
  if (!avx512) return Isa::kAvx2;
  return __builtin_cpu_supports("avx512bf16") ? Isa::kAvx512Bf16 : Isa::kAvx512;
#else
  return Isa::kBaseline;
#endif
}

}  // namespace

Isa detected_isa() {
  constexpr Isa kHighestBuilt = kIsas[MALMOI_ISA_LEVELS - 1];
  return std::min(best_of_cpu(), kHighestBuilt);
}

namespace {

Isa choose_isa() {
  Isa best = detected_isa(), chosen = best;
  if (const char* wanted = std::getenv("MALMOI_ISA")) {
    for (Isa isa : kIsas) {
      if (isa_name(isa) == wanted && isa <= best) chosen = isa;
    }
  }
  // oneDNN reads its limit at its first use; a lower level of ours must hold for its products too.
  if (chosen == Isa::kAvx512) setenv("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_VNNI", 0);
  if (chosen == Isa::kAvx2) setenv("ONEDNN_MAX_CPU_ISA", "AVX2", 0);
  if (chosen == Isa::kBaseline) setenv("ONEDNN_MAX_CPU_ISA", "SSE41", 0);
  return chosen;
}

}  // namespace

Isa active_isa() {
  static const Isa isa = choose_isa();
  return isa;
}

Status check_isa_setting() {
  const char* wanted = std::getenv("MALMOI_ISA");
  if (!wanted) return {};
  for (Isa isa : kIsas) {
    if (isa_name(isa) != wanted) continue;
    if (isa <= detected_isa()) return {};
    return unsupported(std::string("this CPU has no ") + wanted, "MALMOI_ISA",
                       "use " + std::string(isa_name(detected_isa())) + " or lower");
  }
  return usage_error(std::string("'") + wanted + "' is not known", "MALMOI_ISA",
                     "use baseline, avx2, avx512 or avx512_bf16");
}

std::string cpu_model() {
  std::ifstream info("/proc/cpuinfo");
  std::string line;
  while (std::getline(info, line)) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown CPU";
}

}  // namespace malmoi
