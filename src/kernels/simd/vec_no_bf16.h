// What instruction sets without conversions to bf16 and products of its pairs have in common, for any kLanes.
// An instruction set's file includes this after its own arithmetic and low_halves.
#pragma once

#include "kernels/simd/vec_types.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

/// Words whose low half is v as bf16: round to nearest, ties to even; NaN stays NaN.
MALMOI_INLINE UVec narrowed(Vec v) {
  UVec bits = (UVec)v;
  UVec rounded = (bits + 0x7FFFu + (bits >> 16 & 1)) >> 16;
  UVec nan = bits >> 16 | 0x40;
  return (bits & 0x7FFFFFFFu) > 0x7F800000u ? nan : rounded;
}
MALMOI_INLINE HVec narrow(Vec v) { return low_halves(narrowed(v)); }

/// The words of a product are always f32.
constexpr bool kPairProducts = false;
MALMOI_INLINE Vec pair_words(Vec even, Vec) { return even; }

template <bool kPairs>
MALMOI_INLINE Vec multiply_add(Vec a, Vec b, Vec sum) {
  static_assert(!kPairs);
  return fma(a, b, sum);
}

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
