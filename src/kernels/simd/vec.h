// Vec: the f32 lanes of one instruction set, and the functions on them that kernels are written with.
//
// A new instruction set is a file vec_NAME.h with the names of vec_baseline.h (vec_unmasked.h has what most share), a line
// here and its flags in cmake/compiler.cmake.
#pragma once

#if defined(__AVX512F__)
#include "kernels/simd/vec_avx512.h"
#elif defined(__AVX2__)
#include "kernels/simd/vec_avx2.h"
#else
#include "kernels/simd/vec_baseline.h"
#endif

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

/// Calls step(i, Full{}) for whole vectors of [0, n) and step(i, Part{rest}) for what is left.
template <typename Step>
MALMOI_INLINE void each_vec(int64_t n, const Step& step) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) step(i, Full{});
  if (i < n) step(i, Part{static_cast<int>(n - i)});
}

MALMOI_INLINE Vec load(const BF16* p, Full) { return widen(*reinterpret_cast<const HVecUnaligned*>(p)); }
MALMOI_INLINE void store(BF16* p, Vec v, Full) { *reinterpret_cast<HVecUnaligned*>(p) = narrow(v); }

MALMOI_INLINE Vec load(const F16* p, Part w) {
  F16 part[kLanes] = {};
  for (int i = 0; i < w.n; ++i) part[i] = p[i];
  return load(part, Full{});
}

MALMOI_INLINE Vec only(Vec v, Full, float) { return v; }

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

/// log x for normal positive x, within 2 ulp or 6e-8 (Cephes' logf): x = 2^e m, m in [sqrt(1/2), sqrt(2)).
MALMOI_INLINE Vec log(Vec x) {
  const UVec bits = (UVec)x;
  Vec e = __builtin_convertvector((IVec)(bits >> 23) - 126, Vec);
  Vec m = (Vec)((bits & 0x007FFFFFu) | 0x3F000000u);  // in [1/2, 1)
  const Vec small = all(0.707106781186547524f);
  e = m < small ? e - all(1.0f) : e;
  m = m < small ? m + m - all(1.0f) : m - all(1.0f);
  const Vec z = m * m;
  Vec p = all(7.0376836292e-2f);
  p = fma(p, m, all(-1.1514610310e-1f));
  p = fma(p, m, all(1.1676998740e-1f));
  p = fma(p, m, all(-1.2420140846e-1f));
  p = fma(p, m, all(1.4249322787e-1f));
  p = fma(p, m, all(-1.6668057665e-1f));
  p = fma(p, m, all(2.0000714765e-1f));
  p = fma(p, m, all(-2.4999993993e-1f));
  p = fma(p, m, all(3.3333331174e-1f));
  p *= m * z;
  p = fma(e, all(-2.12194440e-4f), p);
  p = fnma(z, all(0.5f), p);
  return fma(e, all(0.693359375f), m + p);
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
