// Which implementation of lanes.h is in use.
#include "quantize/lanes/lanes.h"

#include "base/cpu.h"

namespace malmoi::quantize {

const Lanes* lanes_of(Isa isa) {
  switch (isa) {
    case Isa::kBaseline: return &baseline::kLanes;
#ifdef MALMOI_LANES_avx2
    case Isa::kAvx2: return &avx2::kLanes;
#endif
#ifdef MALMOI_LANES_avx512
    case Isa::kAvx512:
    case Isa::kAvx512Bf16: return &avx512::kLanes;
#endif
    default: return nullptr;
  }
}

const Lanes& lanes() {
  static const Lanes* const in_use = lanes_of(active_isa());
  return *in_use;
}

}  // namespace malmoi::quantize
