// What kernels share beside Vec: typed dispatch, grain of parallel work, dropout masks a chunk at a time.
#pragma once

#include "base/parallel.h"
#include "kernels/simd/table.h"
#include "kernels/simd/vec.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

/// Elements a thread should have at least: below this a second thread costs more than it brings.
constexpr int64_t kGrain = 8192;

/// Below all logits, and finite, so that a difference of two is a number.
constexpr float kLowest = -3.0e38f;

MALMOI_INLINE int64_t row_grain(int64_t cols) { return max_of(1, kGrain / max_of(cols, 1)); }

template <typename T>
MALMOI_INLINE const T* as(const void* p) {
  return static_cast<const T*>(p);
}
template <typename T>
MALMOI_INLINE T* as(void* p) {
  return static_cast<T*>(p);
}

/// Calls body(T{}) with the type of activations; those in f64 belong to the oracle alone.
template <typename Body>
MALMOI_INLINE void with_type(DType dtype, const Body& body) {
  if (dtype == DType::kBF16) {
    body(BF16{});
  } else if (dtype == DType::kF32) {
    body(float{});
  } else {
    __builtin_trap();
  }
}

/// One element.
MALMOI_INLINE void put(float* y, float x) { *y = x; }
MALMOI_INLINE void put(BF16* y, float x) { store(y, all(x), Part{1}); }

/// The word a kept element's random word must reach.
MALMOI_INLINE uint32_t dropout_threshold(const Dropout& d) {
  double exact = static_cast<double>(d.p) * 0x1p32;
  auto whole = static_cast<uint64_t>(exact);
  return static_cast<uint32_t>(static_cast<double>(whole) < exact ? whole + 1 : whole);
}

constexpr int kPhiloxBlocks = 16;  // counters at once; each gives four words

/// Philox4x32-10 of counters [first, first + 16): words[i] for element 4 * first + i.
inline void philox_blocks(uint64_t seed, uint64_t stream, uint64_t first, uint32_t* words) {
  uint64_t c0[kPhiloxBlocks], c1[kPhiloxBlocks], c2[kPhiloxBlocks], c3[kPhiloxBlocks];
  for (int i = 0; i < kPhiloxBlocks; ++i) {
    uint64_t counter = first + static_cast<uint64_t>(i);
    c0[i] = counter & 0xFFFFFFFFu, c1[i] = counter >> 32;
    c2[i] = stream & 0xFFFFFFFFu, c3[i] = stream >> 32;
  }
  uint64_t k0 = seed & 0xFFFFFFFFu, k1 = seed >> 32;
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < kPhiloxBlocks; ++i) {
      uint64_t p0 = 0xD2511F53u * c0[i], p1 = 0xCD9E8D57u * c2[i];
      c0[i] = (p1 >> 32) ^ c1[i] ^ k0, c2[i] = (p0 >> 32) ^ c3[i] ^ k1;
      c1[i] = p1 & 0xFFFFFFFFu, c3[i] = p0 & 0xFFFFFFFFu;
    }
    k0 = (k0 + 0x9E3779B9u) & 0xFFFFFFFFu, k1 = (k1 + 0xBB67AE85u) & 0xFFFFFFFFu;
  }
  for (int i = 0; i < kPhiloxBlocks; ++i) {
    words[4 * i] = static_cast<uint32_t>(c0[i]), words[4 * i + 1] = static_cast<uint32_t>(c1[i]);
    words[4 * i + 2] = static_cast<uint32_t>(c2[i]), words[4 * i + 3] = static_cast<uint32_t>(c3[i]);
  }
}

/// factors[i] for elements [begin, begin + n): 0 where dropped, 1 / (1 - p) where kept.
inline void dropout_factors(const Dropout& d, uint64_t begin, int64_t n, float* factors) {
  constexpr int64_t kWords = 4 * kPhiloxBlocks;
  uint32_t words[kWords], threshold = dropout_threshold(d);
  float kept = static_cast<float>(1 / (1 - static_cast<double>(d.p)));
  uint64_t first = begin / 4;
  int64_t skip = static_cast<int64_t>(begin % 4), done = 0;
  while (done < n) {
    philox_blocks(d.seed, d.stream, first, words);
    int64_t take = min_of(kWords - skip, n - done);
    for (int64_t i = 0; i < take; ++i) factors[done + i] = words[skip + i] >= threshold ? kept : 0.0f;
    done += take, skip = 0, first += kPhiloxBlocks;
  }
}

/// Elements of a dropout mask made at a time.
constexpr int64_t kMaskChunk = 256;

/// Walks [begin, begin + n) in vectors: step(i, factor of element begin + i, Full or Part). Without dropout the factor is 1.
template <typename Step>
MALMOI_INLINE void each_masked(const Dropout& d, uint64_t begin, int64_t n, const Step& step) {
  if (d.p <= 0) {
    each_vec(n, [&](int64_t i, auto w) MALMOI_INLINED { step(i, all(1.0f), w); });
    return;
  }
  float factors[kMaskChunk];
  for (int64_t at = 0; at < n; at += kMaskChunk) {
    int64_t count = min_of(kMaskChunk, n - at);
    dropout_factors(d, begin + static_cast<uint64_t>(at), count, factors);
    each_vec(count, [&](int64_t i, auto w) MALMOI_INLINED { step(at + i, load(factors + i, w), w); });
  }
}

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
