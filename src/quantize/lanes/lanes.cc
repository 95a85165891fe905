// Which implementation of lanes.h is in use.
#include "quantize/lanes/lanes.h"

#include "base/cpu.h"

namespace malmoi::quantize {
namespace {

const Lanes& chosen() {
  switch (active_isa()) {
#ifdef MALMOI_LANES_avx512
    case Isa::kAvx512: return avx512::kLanes;
#endif
#ifdef MALMOI_LANES_avx2
    case Isa::kAvx2: return avx2::kLanes;
#endif
    default: return baseline::kLanes;
  }
}

}  // namespace

const Lanes& lanes() {
  static const Lanes& in_use = chosen();
  return in_use;
}

}  // namespace malmoi::quantize
