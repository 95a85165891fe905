// The lanes of AVX-512 (F, BW, DQ, VL, VNNI): sixteen, with masks; with BF16 also products of bf16 pairs.
#pragma once

#include <immintrin.h>

#include "kernels/simd/vec_base.h"

/// For what is written for this instruction set alone.
#define MALMOI_SIMD_AVX512 1

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {
constexpr int kLanes = 16;
/// Tiles of products that fit 32 registers: attention's, and the rows of a packed product's.
constexpr int kTileRows = 6, kTileVecs = 4, kPanelRows = 14;
}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE

#include "kernels/simd/vec_types.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

MALMOI_INLINE Vec all(float x) { return _mm512_set1_ps(x); }

/// a * b + c, rounded once.
MALMOI_INLINE Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
/// c - a * b
MALMOI_INLINE Vec fnma(Vec a, Vec b, Vec c) { return _mm512_fnmadd_ps(a, b, c); }

MALMOI_INLINE Vec max(Vec a, Vec b) { return _mm512_max_ps(a, b); }
MALMOI_INLINE Vec min(Vec a, Vec b) { return _mm512_min_ps(a, b); }
MALMOI_INLINE Vec sqrt(Vec a) { return _mm512_sqrt_ps(a); }

/// To the nearest integer, ties to even.
MALMOI_INLINE Vec round(Vec a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

/// a * 2^n for whole n.
MALMOI_INLINE Vec scale_by_power(Vec a, Vec n) { return _mm512_scalef_ps(a, n); }

/// 1 / x within 1 ulp, for x whose reciprocal is a normal number; a division has a tenth of the throughput.
MALMOI_INLINE Vec reciprocal(Vec x) {
  Vec r = _mm512_rcp14_ps(x);
  return fma(r, fnma(x, r, all(1.0f)), r);
}

MALMOI_INLINE float reduce_add(Vec v) { return _mm512_reduce_add_ps(v); }
MALMOI_INLINE float reduce_max(Vec v) { return _mm512_reduce_max_ps(v); }

/// Lane 4 i + j of the result: the sum over the lanes of sums[i][j], added in the order of reduce_add, which takes three times
/// as many instructions one by one.
MALMOI_INLINE Vec reduce_add_each(const Vec (&sums)[4][4]) {
  Vec fours[4];  // of column j: four lanes for each row
  each_index<4>([&](auto j) MALMOI_INLINED {
    Vec pairs[2];
    each_index<2>([&](auto half) MALMOI_INLINED {
      const Vec a = sums[2 * half.value][j.value], b = sums[2 * half.value + 1][j.value];
      pairs[half.value] = _mm512_shuffle_f32x4(a, b, 0x44) + _mm512_shuffle_f32x4(a, b, 0xEE);
    });
    fours[j.value] = _mm512_shuffle_f32x4(pairs[0], pairs[1], 0x88) + _mm512_shuffle_f32x4(pairs[0], pairs[1], 0xDD);
  });
  Vec twos[2];
  each_index<2>([&](auto half) MALMOI_INLINED {
    const Vec a = fours[2 * half.value], b = fours[2 * half.value + 1];
    twos[half.value] = _mm512_shuffle_ps(a, b, 0x44) + _mm512_shuffle_ps(a, b, 0xEE);
  });
  return _mm512_shuffle_ps(twos[0], twos[1], 0x88) + _mm512_shuffle_ps(twos[0], twos[1], 0xDD);
}
/// Lanes 4 i to 4 i + 3, first.
template <int i>
MALMOI_INLINE Vec quarter(Vec v) {
  return _mm512_shuffle_f32x4(v, v, i * 0x55);
}

/// bf16 to f32.
MALMOI_INLINE Vec widen(HVec h) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32((__m256i)h), 16));
}
/// The low half of each word.
MALMOI_INLINE HVec low_halves(UVec words) { return (HVec)_mm512_cvtepi32_epi16((__m512i)words); }

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE

#if defined(__AVX512BF16__)
#include "kernels/simd/vec_bf16.h"
#else
#include "kernels/simd/vec_no_bf16.h"
#endif

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

MALMOI_INLINE __mmask16 lanes(Part w) { return static_cast<__mmask16>((1u << w.n) - 1); }
MALMOI_INLINE Vec load(const float* p, Part w) { return _mm512_maskz_loadu_ps(lanes(w), p); }
MALMOI_INLINE Vec load(const BF16* p, Part w) { return widen((HVec)_mm256_maskz_loadu_epi16(lanes(w), p)); }
MALMOI_INLINE void store(float* p, Vec v, Part w) { _mm512_mask_storeu_ps(p, lanes(w), v); }
MALMOI_INLINE void store(BF16* p, Vec v, Part w) { _mm256_mask_storeu_epi16(p, lanes(w), (__m256i)narrow(v)); }

MALMOI_INLINE Vec load(const F16* p, Full) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}

/// v with the lanes beyond the step's replaced.
MALMOI_INLINE Vec only(Vec v, Part w, float other) { return _mm512_mask_blend_ps(lanes(w), all(other), v); }

MALMOI_INLINE Vec broadcast_word(const uint32_t* p) {
  return _mm512_castsi512_ps(_mm512_set1_epi32(static_cast<int>(*p)));
}

/// a0 b0 ... a7 b7, and a8 b8 ... a15 b15.
MALMOI_INLINE Vec zip_low(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
MALMOI_INLINE Vec zip_high(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
