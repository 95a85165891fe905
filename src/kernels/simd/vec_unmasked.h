// What instruction sets without masks and AVX-512's scaling have in common, for any kLanes.
// An instruction set's file includes this after its own arithmetic and conversions.
#pragma once

#include "kernels/simd/vec_no_bf16.h"
#include "kernels/simd/vec_types.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

/// a * 2^n for whole n in [-152, 128], where a is in [0.5, 2].
MALMOI_INLINE Vec scale_by_power(Vec a, Vec n) {
  IVec e = __builtin_convertvector(n, IVec), half = e >> 1, rest = e - half;
  return a * (Vec)((half + 127) << 23) * (Vec)((rest + 127) << 23);
}

/// 1 / x, correctly rounded.
MALMOI_INLINE Vec reciprocal(Vec x) { return all(1.0f) / x; }

MALMOI_INLINE float reduce_add(Vec v) {
  float t[kLanes];
  __builtin_memcpy(t, &v, sizeof t);
  for (int w = kLanes / 2; w > 0; w /= 2) {
    for (int i = 0; i < w; ++i) t[i] += t[i + w];
  }
  return t[0];
}

MALMOI_INLINE float reduce_max(Vec v) {
  float t[kLanes];
  __builtin_memcpy(t, &v, sizeof t);
  for (int w = kLanes / 2; w > 0; w /= 2) {
    for (int i = 0; i < w; ++i) t[i] = t[i] > t[i + w] ? t[i] : t[i + w];
  }
  return t[0];
}

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

/// v with the lanes beyond the step's replaced.
MALMOI_INLINE Vec only(Vec v, Part w, float other) {
  for (int i = w.n; i < kLanes; ++i) v[i] = other;
  return v;
}

MALMOI_INLINE Vec broadcast_word(const uint32_t* p) {
  float x;
  __builtin_memcpy(&x, p, sizeof x);
  return all(x);
}

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
