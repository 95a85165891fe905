// IEEE half as a type of stored weights, widened as it is loaded.
#pragma once

#include "kernels/simd/vec.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

struct F16 {
  uint16_t bits;
};

MALMOI_INLINE Vec load(const F16* p, Full) {
#if defined(MALMOI_SIMD_AVX512)
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
#elif defined(MALMOI_SIMD_AVX2)
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
#else
  UVec h = __builtin_convertvector(*reinterpret_cast<const HVecUnaligned*>(p), UVec);
  UVec shifted = (h & 0x7FFF) << 13, special = shifted | 0x7F800000u;
  UVec finite = (UVec)((Vec)shifted * all(0x1p112f));
  return (Vec)(((h & 0x7C00) == 0x7C00 ? special : finite) | (h & 0x8000) << 16);
#endif
}

MALMOI_INLINE Vec load(const F16* p, Part w) {
  F16 part[kLanes] = {};
  for (int i = 0; i < w.n; ++i) part[i] = p[i];
  return load(part, Full{});
}

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
