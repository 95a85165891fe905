// The lanes of whatever the compiler targets: four, in the compiler's own vectors (SSE2 on x86-64).
#pragma once

#include "kernels/simd/vec_base.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {
constexpr int kLanes = 4;
/// Tiles of products that fit 16 registers: attention's, and the rows of a packed product's.
constexpr int kTileRows = 4, kTileVecs = 2, kPanelRows = 6;
}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE

#include "kernels/simd/vec_types.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

MALMOI_INLINE Vec all(float x) { return Vec{x, x, x, x}; }

/// a * b + c, rounded twice.
MALMOI_INLINE Vec fma(Vec a, Vec b, Vec c) { return a * b + c; }
/// c - a * b
MALMOI_INLINE Vec fnma(Vec a, Vec b, Vec c) { return c - a * b; }

MALMOI_INLINE Vec max(Vec a, Vec b) { return a > b ? a : b; }
MALMOI_INLINE Vec min(Vec a, Vec b) { return a < b ? a : b; }

MALMOI_INLINE Vec sqrt(Vec a) {
#if defined(__SSE2__)
  return _mm_sqrt_ps(a);
#else
  for (int i = 0; i < kLanes; ++i) a[i] = __builtin_sqrtf(a[i]);
  return a;
#endif
}

/// To the nearest integer, ties to even; |a| < 2^22.
MALMOI_INLINE Vec round(Vec a) {
  Vec magic = all(0x1.8p23f);
  return (a + magic) - magic;
}

/// bf16 to f32.
MALMOI_INLINE Vec widen(HVec h) { return (Vec)(__builtin_convertvector(h, UVec) << 16); }
MALMOI_INLINE HVec low_halves(UVec words) { return __builtin_convertvector(words, HVec); }

/// IEEE half to f32: the exponent is moved and multiplied into place, which makes subnormal numbers right as well.
MALMOI_INLINE Vec load(const F16* p, Full) {
  UVec h = __builtin_convertvector(*reinterpret_cast<const HVecUnaligned*>(p), UVec);
  UVec shifted = (h & 0x7FFF) << 13, special = shifted | 0x7F800000u;
  UVec finite = (UVec)((Vec)shifted * all(0x1p112f));
  return (Vec)(((h & 0x7C00) == 0x7C00 ? special : finite) | (h & 0x8000) << 16);
}

/// a0 b0 a1 b1, and a2 b2 a3 b3.
MALMOI_INLINE Vec zip_low(Vec a, Vec b) { return __builtin_shufflevector(a, b, 0, 4, 1, 5); }
MALMOI_INLINE Vec zip_high(Vec a, Vec b) { return __builtin_shufflevector(a, b, 2, 6, 3, 7); }

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE

#include "kernels/simd/vec_unmasked.h"
