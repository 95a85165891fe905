// Vec: the f32 lanes of one instruction set, and the functions on them that kernels are written with.
//
// Included only by the files of this folder, which are compiled once for each instruction set with
// MALMOI_SIMD_NAMESPACE set. Everything here has internal linkage and uses no inline function of the standard library:
// a shared inline symbol compiled with AVX-512 could be the one the linker keeps for all.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <utility>  // integer_sequence: a type, nothing that is linked

#include "kernels/backend.h"

#define MALMOI_INLINE inline __attribute__((always_inline))
/// For lambdas.
#define MALMOI_INLINED __attribute__((always_inline))

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

#if defined(__AVX512BF16__)
#define MALMOI_SIMD_AVX512 1
constexpr int kLanes = 16;
#elif defined(__AVX2__)
#define MALMOI_SIMD_AVX2 1
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif

typedef float Vec __attribute__((vector_size(kLanes * 4)));
typedef int32_t IVec __attribute__((vector_size(kLanes * 4)));
typedef uint32_t UVec __attribute__((vector_size(kLanes * 4)));
typedef uint16_t HVec __attribute__((vector_size(kLanes * 2)));
typedef float VecUnaligned __attribute__((vector_size(kLanes * 4), aligned(1), may_alias));
typedef uint16_t HVecUnaligned __attribute__((vector_size(kLanes * 2), aligned(1), may_alias));

/// How much of a vector a step covers: all lanes, or the first n.
struct Full {};
struct Part {
  int n;
};

MALMOI_INLINE int64_t min_of(int64_t a, int64_t b) { return a < b ? a : b; }
MALMOI_INLINE int64_t max_of(int64_t a, int64_t b) { return a > b ? a : b; }

/// An index that is known when a loop over registers is compiled.
template <int I>
struct Index {
  static constexpr int value = I;
};
template <typename Body, int... I>
MALMOI_INLINE void each_of(const Body& body, std::integer_sequence<int, I...>) {
  (body(Index<I>{}), ...);
}
/// body(Index<0>{}) ... body(Index<N - 1>{}), written out: an array indexed so lives in registers from the start. (A loop
/// is unrolled too late for that: the compiler would then pass the array through the stack.)
template <int N, typename Body>
MALMOI_INLINE void each_index(const Body& body) {
  each_of(body, std::make_integer_sequence<int, N>{});
}

/// Calls step(i, Full{}) for whole vectors of [0, n) and step(i, Part{rest}) for what is left.
template <typename Step>
MALMOI_INLINE void each_vec(int64_t n, const Step& step) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) step(i, Full{});
  if (i < n) step(i, Part{static_cast<int>(n - i)});
}

MALMOI_INLINE Vec all(float x) {
#if defined(MALMOI_SIMD_AVX512)
  return _mm512_set1_ps(x);
#elif defined(MALMOI_SIMD_AVX2)
  return _mm256_set1_ps(x);
#else
  return Vec{x, x, x, x};
#endif
}

MALMOI_INLINE Vec zero() { return Vec{}; }

/// a * b + c, rounded once where the instruction set can.
MALMOI_INLINE Vec fma(Vec a, Vec b, Vec c) {
#if defined(MALMOI_SIMD_AVX512)
  return _mm512_fmadd_ps(a, b, c);
#elif defined(MALMOI_SIMD_AVX2)
  return _mm256_fmadd_ps(a, b, c);
#else
  return a * b + c;
#endif
}

/// c - a * b
MALMOI_INLINE Vec fnma(Vec a, Vec b, Vec c) {
#if defined(MALMOI_SIMD_AVX512)
  return _mm512_fnmadd_ps(a, b, c);
#elif defined(MALMOI_SIMD_AVX2)
  return _mm256_fnmadd_ps(a, b, c);
#else
  return c - a * b;
#endif
}

MALMOI_INLINE Vec max(Vec a, Vec b) {
#if defined(MALMOI_SIMD_AVX512)
  return _mm512_max_ps(a, b);
#elif defined(MALMOI_SIMD_AVX2)
  return _mm256_max_ps(a, b);
#else
  return a > b ? a : b;
#endif
}

MALMOI_INLINE Vec min(Vec a, Vec b) {
#if defined(MALMOI_SIMD_AVX512)
  return _mm512_min_ps(a, b);
#elif defined(MALMOI_SIMD_AVX2)
  return _mm256_min_ps(a, b);
#else
  return a < b ? a : b;
#endif
}

MALMOI_INLINE Vec sqrt(Vec a) {
#if defined(MALMOI_SIMD_AVX512)
  return _mm512_sqrt_ps(a);
#elif defined(MALMOI_SIMD_AVX2)
  return _mm256_sqrt_ps(a);
#elif defined(__SSE2__)
  return _mm_sqrt_ps(a);
#else
  for (int i = 0; i < kLanes; ++i) a[i] = __builtin_sqrtf(a[i]);
  return a;
#endif
}

/// To the nearest integer, ties to even; |a| < 2^22.
MALMOI_INLINE Vec round(Vec a) {
#if defined(MALMOI_SIMD_AVX512)
  return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(MALMOI_SIMD_AVX2)
  return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#else
  Vec magic = all(0x1.8p23f);
  return (a + magic) - magic;
#endif
}

/// a * 2^n for whole n in [-152, 128], where a is in [0.5, 2].
MALMOI_INLINE Vec scale_by_power(Vec a, Vec n) {
#if defined(MALMOI_SIMD_AVX512)
  return _mm512_scalef_ps(a, n);
#else
  IVec e = __builtin_convertvector(n, IVec), half = e >> 1, rest = e - half;
  return a * (Vec)((half + 127) << 23) * (Vec)((rest + 127) << 23);
#endif
}

MALMOI_INLINE float reduce_add(Vec v) {
#if defined(MALMOI_SIMD_AVX512)
  return _mm512_reduce_add_ps(v);
#else
  float t[kLanes];
  __builtin_memcpy(t, &v, sizeof t);
  for (int w = kLanes / 2; w > 0; w /= 2) {
    for (int i = 0; i < w; ++i) t[i] += t[i + w];
  }
  return t[0];
#endif
}

MALMOI_INLINE float reduce_max(Vec v) {
#if defined(MALMOI_SIMD_AVX512)
  return _mm512_reduce_max_ps(v);
#else
  float t[kLanes];
  __builtin_memcpy(t, &v, sizeof t);
  for (int w = kLanes / 2; w > 0; w /= 2) {
    for (int i = 0; i < w; ++i) t[i] = t[i] > t[i + w] ? t[i] : t[i + w];
  }
  return t[0];
#endif
}

// -- loads and stores --------------------------------------------------------------------------------------------

MALMOI_INLINE float widen(float x) { return x; }
MALMOI_INLINE float widen(BF16 x) {
  uint32_t bits = static_cast<uint32_t>(x.bits) << 16;
  float y;
  __builtin_memcpy(&y, &bits, sizeof y);
  return y;
}

MALMOI_INLINE Vec load(const float* p, Full) { return *reinterpret_cast<const VecUnaligned*>(p); }

MALMOI_INLINE Vec widen(HVec h) {
#if defined(MALMOI_SIMD_AVX512)
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32((__m256i)h), 16));
#elif defined(MALMOI_SIMD_AVX2)
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32((__m128i)h), 16));
#else
  return (Vec)(__builtin_convertvector(h, UVec) << 16);
#endif
}

MALMOI_INLINE Vec load(const BF16* p, Full) { return widen(*reinterpret_cast<const HVecUnaligned*>(p)); }

/// Round to nearest, ties to even; NaN stays NaN. AVX-512's conversion takes subnormal numbers for zero.
MALMOI_INLINE HVec narrow(Vec v) {
#if defined(MALMOI_SIMD_AVX512)
  return (HVec)_mm512_cvtneps_pbh(v);
#else
  UVec bits = (UVec)v;
  UVec rounded = (bits + 0x7FFFu + (bits >> 16 & 1)) >> 16;
  UVec nan = bits >> 16 | 0x40;
  UVec chosen = (bits & 0x7FFFFFFFu) > 0x7F800000u ? nan : rounded;
#if defined(MALMOI_SIMD_AVX2)
  __m256i packed = _mm256_packus_epi32((__m256i)chosen, (__m256i)chosen);
  return (HVec)_mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, 0x08));
#else
  return __builtin_convertvector(chosen, HVec);
#endif
#endif
}

MALMOI_INLINE void store(float* p, Vec v, Full) { *reinterpret_cast<VecUnaligned*>(p) = v; }
MALMOI_INLINE void store(BF16* p, Vec v, Full) { *reinterpret_cast<HVecUnaligned*>(p) = narrow(v); }

#if defined(MALMOI_SIMD_AVX512)
MALMOI_INLINE __mmask16 lanes(Part w) { return static_cast<__mmask16>((1u << w.n) - 1); }
MALMOI_INLINE Vec load(const float* p, Part w) { return _mm512_maskz_loadu_ps(lanes(w), p); }
MALMOI_INLINE Vec load(const BF16* p, Part w) { return widen((HVec)_mm256_maskz_loadu_epi16(lanes(w), p)); }
MALMOI_INLINE void store(float* p, Vec v, Part w) { _mm512_mask_storeu_ps(p, lanes(w), v); }
MALMOI_INLINE void store(BF16* p, Vec v, Part w) { _mm256_mask_storeu_epi16(p, lanes(w), (__m256i)narrow(v)); }
#else
MALMOI_INLINE Vec load(const float* p, Part w) {
  Vec v{};
  __builtin_memcpy(&v, p, sizeof(float) * static_cast<size_t>(w.n));
  return v;
}
MALMOI_INLINE Vec load(const BF16* p, Part w) {
  HVec h{};
  __builtin_memcpy(&h, p, sizeof(BF16) * static_cast<size_t>(w.n));
  return widen(h);
}
MALMOI_INLINE void store(float* p, Vec v, Part w) { __builtin_memcpy(p, &v, sizeof(float) * static_cast<size_t>(w.n)); }
MALMOI_INLINE void store(BF16* p, Vec v, Part w) {
  HVec h = narrow(v);
  __builtin_memcpy(p, &h, sizeof(BF16) * static_cast<size_t>(w.n));
}
#endif

/// v with the lanes beyond the step's replaced.
MALMOI_INLINE Vec only(Vec v, Full, float) { return v; }
MALMOI_INLINE Vec only(Vec v, Part w, float other) {
#if defined(MALMOI_SIMD_AVX512)
  return _mm512_mask_blend_ps(lanes(w), all(other), v);
#else
  for (int i = w.n; i < kLanes; ++i) v[i] = other;
  return v;
#endif
}

/// v as it reads back after a store as T.
MALMOI_INLINE Vec rounded_to(const float*, Vec v) { return v; }
MALMOI_INLINE Vec rounded_to(const BF16*, Vec v) { return widen(narrow(v)); }

// -- functions ---------------------------------------------------------------------------------------------------

/// 2^x for x <= 128, within 1.1 ulp (a polynomial of degree 6 on [-1/2, 1/2]); below -150: 0.
MALMOI_INLINE Vec exp2(Vec x) {
  x = max(x, all(-150.0f));
  Vec n = round(x), r = x - n;
  Vec p = all(1.535336188319500e-4f);
  p = fma(p, r, all(1.339887440266574e-3f));
  p = fma(p, r, all(9.618437357674640e-3f));
  p = fma(p, r, all(5.550332471162809e-2f));
  p = fma(p, r, all(2.402264791363012e-1f));
  p = fma(p, r, all(6.931472028550421e-1f));
  p = fma(p, r, all(1.0f));
  return scale_by_power(p, n);
}

/// e^x for x <= 88.7, within 1.5 ulp: x = n ln 2 + r with ln 2 in two parts.
MALMOI_INLINE Vec exp(Vec x) {
  x = min(max(x, all(-104.5f)), all(88.72f));
  Vec n = round(x * all(1.44269504088896341f));
  Vec r = fnma(n, all(0.693359375f), x);
  r = fnma(n, all(-2.12194440e-4f), r);
  Vec p = all(1.9875691500e-4f);
  p = fma(p, r, all(1.3981999507e-3f));
  p = fma(p, r, all(8.3334519073e-3f));
  p = fma(p, r, all(4.1665795894e-2f));
  p = fma(p, r, all(1.6666665459e-1f));
  p = fma(p, r, all(5.0000001201e-1f));
  p = fma(p, r * r, r) + all(1.0f);
  return scale_by_power(p, n);
}

/// 1 / x within 1 ulp, for x whose reciprocal is a normal number; a division has a tenth of the throughput.
MALMOI_INLINE Vec reciprocal(Vec x) {
#if defined(MALMOI_SIMD_AVX512)
  Vec r = _mm512_rcp14_ps(x);
  return fma(r, fnma(x, r, all(1.0f)), r);
#else
  return all(1.0f) / x;
#endif
}

/// 1 / (1 + 2^z): the sigmoid of -z ln 2.
MALMOI_INLINE Vec sigmoid_of_power(Vec z) { return reciprocal(all(1.0f) + exp2(min(z, all(126.0f)))); }
MALMOI_INLINE Vec sigmoid(Vec x) { return sigmoid_of_power(x * all(-1.44269504088896341f)); }

/// Within 4 ulp: an odd rational function on [-7.9, 7.9], beyond which f32 tanh is 1 (to 2^-23).
MALMOI_INLINE Vec tanh(Vec x) {
  x = min(max(x, all(-7.90531110763549805f)), all(7.90531110763549805f));
  Vec s = x * x;
  Vec p = all(-2.76076847742355e-16f);
  p = fma(p, s, all(2.00018790482477e-13f));
  p = fma(p, s, all(-8.60467152213735e-11f));
  p = fma(p, s, all(5.12229709037114e-08f));
  p = fma(p, s, all(1.48572235717979e-05f));
  p = fma(p, s, all(6.37261928875436e-04f));
  p = fma(p, s, all(4.89352455891786e-03f));
  Vec q = all(1.19825839466702e-06f);
  q = fma(q, s, all(1.18534705686654e-04f));
  q = fma(q, s, all(2.26843463243900e-03f));
  q = fma(q, s, all(4.89352518554385e-03f));
  return x * p * reciprocal(q);
}

/// erfc(z) within 3e-7 relative for z in [0, 4] (Numerical Recipes, 2nd edition, 6.2): t exp(-z^2 + P(t)), t = 2 / (2 + z).
MALMOI_INLINE Vec erfc_positive(Vec z) {
  Vec t = reciprocal(fma(z, all(0.5f), all(1.0f)));
  Vec p = all(0.17087277f);
  p = fma(p, t, all(-0.82215223f));
  p = fma(p, t, all(1.48851587f));
  p = fma(p, t, all(-1.13520398f));
  p = fma(p, t, all(0.27886807f));
  p = fma(p, t, all(-0.18628806f));
  p = fma(p, t, all(0.09678418f));
  p = fma(p, t, all(0.37409196f));
  p = fma(p, t, all(1.00002368f));
  p = fma(p, t, all(-1.26551223f));
  return t * exp(fnma(z, z, p));
}

/// The standard normal distribution function.
MALMOI_INLINE Vec normal_cdf(Vec x) {
  Vec z = max(x, zero() - x) * all(0.70710678118654752f);
  Vec tail = all(0.5f) * erfc_positive(z);
  return x > zero() ? all(1.0f) - tail : tail;
}

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
