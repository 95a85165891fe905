// What recurrences along channels share: blocks of channels that walk through the rows, and functions of one number.
#pragma once

#include "kernels/recurrence_layout.h"
#include "kernels/simd/common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

/// Channels [first, first + n).
struct Block {
  int64_t first = 0, n = 0;
};

/// Calls body(block) for every block of channels: each belongs to one thread, so that sums over rows are in their order.
template <typename Body>
MALMOI_INLINE void each_block(int64_t channels, const StateRun* runs, int64_t num_runs, const Body& body) {
  int64_t rows = 0;
  for (int64_t i = 0; i < num_runs; ++i) rows += runs[i].length;
  parallel_for((channels + kRecurrenceBlock - 1) / kRecurrenceBlock, row_grain(kRecurrenceBlock * rows),
               [&](int64_t begin, int64_t end) {
                 for (int64_t i = begin; i < end; ++i) {
                   int64_t first = i * kRecurrenceBlock;
                   body(Block{first, min_of(kRecurrenceBlock, channels - first)});
                 }
               });
}

/// One number for each channel of a block.
struct BlockValues {
  float at[kRecurrenceBlock] = {};
};

MALMOI_INLINE BlockValues block_values(const void* values, const Block& block) {
  BlockValues b;
  if (values) __builtin_memcpy(b.at, as<float>(values) + block.first, sizeof(float) * static_cast<size_t>(block.n));
  return b;
}

/// to += sums; nothing where `to` is null.
MALMOI_INLINE void add_block(void* to, const Block& block, const BlockValues& sums) {
  if (!to) return;
  float* place = as<float>(to) + block.first;
  each_vec(block.n,
           [&](int64_t i, auto w) MALMOI_INLINED { store(place + i, load(place + i, w) + load(sums.at + i, w), w); });
}

/// log(1 + u) for u in [0, 1], within 2 ulp: 2 artanh(u / (2 + u)), whose argument is at most a third.
MALMOI_INLINE Vec log1p_unit(Vec u) {
  Vec s = u * reciprocal(u + all(2.0f)), q = s * s;
  Vec p = all(1.0f / 15);
  p = fma(p, q, all(1.0f / 13));
  p = fma(p, q, all(1.0f / 11));
  p = fma(p, q, all(1.0f / 9));
  p = fma(p, q, all(1.0f / 7));
  p = fma(p, q, all(1.0f / 5));
  p = fma(p, q, all(1.0f / 3));
  p = fma(p, q, all(1.0f));
  return (s + s) * p;
}

/// log(1 + e^x) without overflow.
MALMOI_INLINE Vec softplus(Vec x) { return max(x, zero()) + log1p_unit(exp(min(x, zero() - x))); }

/// 1 - e^x for x <= 0: near zero by the series of e^x, where the difference would lose its digits.
MALMOI_INLINE Vec one_minus_exp(Vec x) {
  Vec one = all(1.0f), p = all(1.0f / 8);
  p = fma(p, x, one) * all(1.0f / 7);
  p = fma(p, x, one) * all(1.0f / 6);
  p = fma(p, x, one) * all(1.0f / 5);
  p = fma(p, x, one) * all(1.0f / 4);
  p = fma(p, x, one) * all(1.0f / 3);
  p = fma(p, x, one) * all(1.0f / 2);
  Vec near = zero() - fma(p * x, x, x);
  return x > all(-0.5f) ? near : one - exp(x);
}

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
