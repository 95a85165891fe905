// The vectors of an instruction set that has said its kLanes, and what needs no instruction of it.
#pragma once

#include "kernels/simd/vec_base.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

typedef float Vec __attribute__((vector_size(kLanes * 4)));
typedef int32_t IVec __attribute__((vector_size(kLanes * 4)));
typedef uint32_t UVec __attribute__((vector_size(kLanes * 4)));
typedef uint16_t HVec __attribute__((vector_size(kLanes * 2)));
typedef float VecUnaligned __attribute__((vector_size(kLanes * 4), aligned(1), may_alias));
typedef uint16_t HVecUnaligned __attribute__((vector_size(kLanes * 2), aligned(1), may_alias));
/// As wide as Vec: half as many f64.
typedef double DVec __attribute__((vector_size(kLanes * 4)));
constexpr int kDoubles = kLanes / 2;

MALMOI_INLINE Vec zero() { return Vec{}; }

MALMOI_INLINE Vec load(const float* p, Full) { return *reinterpret_cast<const VecUnaligned*>(p); }
MALMOI_INLINE void store(float* p, Vec v, Full) { *reinterpret_cast<VecUnaligned*>(p) = v; }

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
