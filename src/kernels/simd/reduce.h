// Sums over the lanes of several vectors at once: a fraction of an instruction each, where one alone takes a dozen.
#pragma once

#include "kernels/simd/common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

/// sums[i] = the sum of v[i]'s lanes, in order: halves are added while they are interleaved, until a lane holds one vector's
/// sum. `kCount` is a power of two; v is used up.
template <int kCount>
MALMOI_INLINE void reduce_sums(Vec* v, float* sums) {
  constexpr int kGroup = kLanes < kCount ? kLanes : kCount;
  for (int first = 0; first < kCount; first += kGroup) {
    Vec* g = v + first;
    for (int half = kGroup / 2; half > 0; half /= 2) {
      for (int i = 0; i < half; ++i) {
        Vec low = zip_low(g[i], g[i + half]);
        Vec high = zip_high(g[i], g[i + half]);
        g[i] = low + high;
      }
    }
    float lanes[kLanes];
    store(lanes, g[0], Full{});
    for (int i = 0; i < kGroup; ++i) {
      sums[first + i] = lanes[i];
      for (int more = i + kGroup; more < kLanes; more += kGroup) sums[first + i] += lanes[more];
    }
  }
}

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
