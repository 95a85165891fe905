// What both passes of attention share: visibility, the scores' scale, and the sharing out of work.
#pragma once

#include "kernels/attention_layout.h"
#include "kernels/simd/tile.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

constexpr float kLog2E = 1.44269504088896341f, kLn2 = 0.69314718055994531f;
constexpr float kHidden = -1e30f;  // a score that no exp2 sees as more than zero

struct KeyRange {
  int64_t begin, end;
};

/// Keys that query i of the segment may see, the key mask apart.
MALMOI_INLINE KeyRange visible_keys(const AttentionArgs& a, const AttentionSegment& s, int64_t query) {
  int64_t position = query + s.k_length - s.q_length;
  int64_t begin = a.mask.window > 0 ? max_of(0, position - a.mask.window + 1) : 0;
  int64_t end = a.mask.causal ? min_of(position + 1, s.k_length) : s.k_length;
  return {begin, max_of(begin, end)};
}

/// Keys that any of the queries [first, last] may see.
MALMOI_INLINE KeyRange visible_keys(const AttentionArgs& a, const AttentionSegment& s, int64_t first, int64_t last) {
  int64_t begin = visible_keys(a, s, first).begin, end = visible_keys(a, s, last).end;
  return {begin, max_of(begin, end)};
}

MALMOI_INLINE uint64_t dropout_index(const AttentionArgs& a, int64_t head, int64_t row, int64_t key) {
  return (static_cast<uint64_t>(head * a.total_rows + row) << 20) + static_cast<uint64_t>(key);
}

/// Which of the queries [query, query + kLanes) of the segment see a key.
MALMOI_INLINE IVec sees(const AttentionArgs& a, const AttentionSegment& s, int64_t key, int64_t query) {
  IVec positions;
  for (int i = 0; i < kLanes; ++i) positions[i] = i;
  positions += static_cast<int32_t>(query + s.k_length - s.q_length);
  IVec seen = positions - positions - 1;
  auto at = static_cast<int32_t>(key);
  if (s.key_mask && !s.key_mask[key]) seen = seen & 0;
  if (a.mask.causal) seen &= positions >= at;
  if (a.mask.window > 0) seen &= positions < at + static_cast<int32_t>(min_of(a.mask.window, 1 << 30));
  return seen;
}

#if defined(MALMOI_SIMD_AVX512)
/// Words of bf16 pairs: the even element low, the odd one high.
MALMOI_INLINE Vec pair_words(Vec even, Vec odd) {
  __m512i low = _mm512_cvtepu16_epi32((__m256i)narrow(even)), high = _mm512_cvtepu16_epi32((__m256i)narrow(odd));
  return _mm512_castsi512_ps(_mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
}
#else
MALMOI_INLINE Vec pair_words(Vec even, Vec) { return even; }
#endif

MALMOI_INLINE bool is_direct(const AttentionSegment& s) { return s.q_length <= kDirectQueries; }

/// Scores a segment's head has to compute, about.
MALMOI_INLINE int64_t head_cost(const AttentionArgs& a, const AttentionSegment& s) {
  KeyRange middle = visible_keys(a, s, s.q_length / 2);
  return s.q_length * (middle.end - middle.begin + 16);
}

/// Workers worth starting for so many scores in all.
MALMOI_INLINE int team_size(const AttentionArgs& a) {
  int64_t scores = 0;
  for (int64_t i = 0; i < a.num_segments; ++i) scores += a.heads * head_cost(a, a.segments[i]);
  int64_t work = scores * max_of(a.head_dim, 1) / (16 * kGrain);
  return static_cast<int>(max_of(1, min_of(num_threads(), work)));
}

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
