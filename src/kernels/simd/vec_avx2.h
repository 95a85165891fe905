// The lanes of AVX2 with FMA and F16C: eight.
#pragma once

#include <immintrin.h>

#include "kernels/simd/vec_base.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {
constexpr int kLanes = 8;
/// Tiles of products that fit 16 registers: attention's, and the rows of a packed product's.
constexpr int kTileRows = 6, kTileVecs = 2, kPanelRows = 6;
}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE

#include "kernels/simd/vec_types.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

MALMOI_INLINE Vec all(float x) { return _mm256_set1_ps(x); }

/// a * b + c, rounded once.
MALMOI_INLINE Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
/// c - a * b
MALMOI_INLINE Vec fnma(Vec a, Vec b, Vec c) { return _mm256_fnmadd_ps(a, b, c); }

MALMOI_INLINE Vec max(Vec a, Vec b) { return _mm256_max_ps(a, b); }
MALMOI_INLINE Vec min(Vec a, Vec b) { return _mm256_min_ps(a, b); }
MALMOI_INLINE Vec sqrt(Vec a) { return _mm256_sqrt_ps(a); }

/// To the nearest integer, ties to even.
MALMOI_INLINE Vec round(Vec a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

/// bf16 to f32.
MALMOI_INLINE Vec widen(HVec h) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32((__m128i)h), 16));
}
MALMOI_INLINE HVec low_halves(UVec words) {
  __m256i packed = _mm256_packus_epi32((__m256i)words, (__m256i)words);
  return (HVec)_mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, 0x08));
}

MALMOI_INLINE Vec load(const F16* p, Full) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}

/// a0 b0 ... a3 b3, and a4 b4 ... a7 b7.
MALMOI_INLINE Vec zip_low(Vec a, Vec b) { return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11); }
MALMOI_INLINE Vec zip_high(Vec a, Vec b) { return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15); }

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE

#include "kernels/simd/vec_unmasked.h"
