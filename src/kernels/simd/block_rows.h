// Rows of activations as products with packed weights read them: rounded to bytes in groups, with what each group sums to.
#pragma once

#include "kernels/simd/common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

constexpr int64_t kRoundGroup = 32, kHalfGroup = 16;  // what shares a scale; the smallest group of weights

/// Row r, group g: x[r k + i] is about scales[r groups + g] * bytes[r k + i]. Sums are of the bytes; weighted ones of what they
/// stand for. `_halves`: the same of groups of 16.
struct RoundedRows {
  int64_t k;
  int8_t* bytes;
  float* scales;
  int32_t *sums, *sums_halves;
  float *weighted, *weighted_halves;
};

MALMOI_INLINE RoundedRows rounded_rows(void* scratch, int64_t m, int64_t k) {
  const int64_t groups = m * (k / kRoundGroup), halves = m * (k / kHalfGroup);
  auto* words = as<float>(scratch);
  RoundedRows rows{.k = k};
  rows.scales = words, words += groups;
  rows.weighted = words, words += groups;
  rows.weighted_halves = words, words += halves;
  rows.sums = reinterpret_cast<int32_t*>(words), words += groups;
  rows.sums_halves = reinterpret_cast<int32_t*>(words), words += halves;
  rows.bytes = reinterpret_cast<int8_t*>(words);
  return rows;
}

/// The largest size in a group, and what it is rounded by.
struct Rounding {
  float scale, inverse;
};
template <typename T>
MALMOI_INLINE Rounding rounding_of(const T* x) {
  Vec largest = zero();
  for (int64_t i = 0; i < kRoundGroup; i += kLanes) {
    Vec v = load(x + i, Full{});
    largest = max(largest, max(v, zero() - v));
  }
  const float size = reduce_max(largest);
  return {size / 127, size > 0 ? 127 / size : 0};
}

/// Row r of x to bytes.
template <typename T>
MALMOI_INLINE void round_row(const T* x, int64_t r, const RoundedRows& rows) {
  const int64_t groups = rows.k / kRoundGroup;
  for (int64_t g = 0; g < groups; ++g) {
    const T* from = x + r * rows.k + g * kRoundGroup;
    int8_t* to = rows.bytes + r * rows.k + g * kRoundGroup;
    const Rounding by = rounding_of(from);
    const int64_t at = r * groups + g;
    int32_t both = 0;
    for (int64_t half = 0; half < 2; ++half) {
      Vec sums = zero();  // of whole numbers: exact
      for (int64_t i = half * kHalfGroup; i < (half + 1) * kHalfGroup; i += kLanes) {
        Vec whole = round(load(from + i, Full{}) * all(by.inverse));
        sums += whole;
        typedef int8_t Bytes __attribute__((vector_size(kLanes)));
        Bytes bytes = __builtin_convertvector(__builtin_convertvector(whole, IVec), Bytes);
        __builtin_memcpy(to + i, &bytes, sizeof bytes);
      }
      const auto sum = static_cast<int32_t>(reduce_add(sums));
      rows.sums_halves[2 * at + half] = sum;
      rows.weighted_halves[2 * at + half] = by.scale * static_cast<float>(sum);
      both += sum;
    }
    rows.scales[at] = by.scale;
    rows.sums[at] = both;
    rows.weighted[at] = by.scale * static_cast<float>(both);
  }
}

/// Row r of x to what the bytes would stand for, in f32: where bytes are not multiplied.
template <typename T>
MALMOI_INLINE void round_row(const T* x, int64_t r, int64_t k, float* to) {
  for (int64_t begin = r * k; begin < (r + 1) * k; begin += kRoundGroup) {
    const Rounding by = rounding_of(x + begin);
    for (int64_t i = begin; i < begin + kRoundGroup; i += kLanes)
      store(to + i, round(load(x + i, Full{}) * all(by.inverse)) * all(by.scale), Full{});
  }
}

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
