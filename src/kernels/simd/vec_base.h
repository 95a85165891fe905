// What every instruction set's lanes stand on: how a function is inlined, how much of a vector a step covers, loops that
// are written out, and numbers of 16 bits one at a time.
//
// The files vec*.h are included only by the files of this folder, which are compiled once for each instruction set with
// MALMOI_SIMD_NAMESPACE set. Everything in them has internal linkage and uses no inline function of the standard library:
// a shared inline symbol compiled with AVX-512 could be the one the linker keeps for all.
#pragma once

#include <utility>  // integer_sequence: a type, nothing that is linked

#include "kernels/backend.h"

#define MALMOI_INLINE inline __attribute__((always_inline))
/// For lambdas.
#define MALMOI_INLINED __attribute__((always_inline))

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

/// How much of a vector a step covers: all lanes, or the first n.
struct Full {};
struct Part {
  int n;
};

/// IEEE half.
struct F16 {
  uint16_t bits;
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

MALMOI_INLINE float widen(float x) { return x; }
MALMOI_INLINE float widen(BF16 x) {
  uint32_t bits = static_cast<uint32_t>(x.bits) << 16;
  float y;
  __builtin_memcpy(&y, &bits, sizeof y);
  return y;
}

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
