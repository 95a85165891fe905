// AVX-512's conversions to bf16 and its products of bf16 pairs (VDPBF16PS): a word of a vector holds the even element low and
// the odd one high.
#pragma once

#include <immintrin.h>

#include "kernels/simd/vec_types.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

/// f32 to bf16: round to nearest, ties to even; NaN stays NaN; subnormal numbers become zero.
MALMOI_INLINE HVec narrow(Vec v) { return (HVec)_mm512_cvtneps_pbh(v); }

constexpr bool kPairProducts = true;

/// Words of bf16 pairs: the even element low, the odd one high.
MALMOI_INLINE Vec pair_words(Vec even, Vec odd) {
  __m512i low = _mm512_cvtepu16_epi32((__m256i)narrow(even)), high = _mm512_cvtepu16_epi32((__m256i)narrow(odd));
  return _mm512_castsi512_ps(_mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
}

/// 2 * kLanes numbers, or the first w.n of them and zeros.
MALMOI_INLINE Vec load_pairs(const BF16* p, Full) { return (Vec)_mm512_loadu_si512(p); }
MALMOI_INLINE Vec load_pairs(const BF16* p, Part w) {
  return (Vec)_mm512_maskz_loadu_epi16(static_cast<__mmask32>((1ull << w.n) - 1), p);
}

/// a * b + sum of words that are f32, or (kPairs) of both numbers of words that are pairs.
template <bool kPairs>
MALMOI_INLINE Vec multiply_add(Vec a, Vec b, Vec sum) {
  if constexpr (kPairs) return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b);
  return fma(a, b, sum);
}

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
