// Products of few rows, for serving: each output is one dot product, summed over k in an order that is the same
// whatever tile it is computed in, so a row's bits do not depend on the rows beside it.
#include "kernels/simd/common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

/// Whether pairs of bf16 are multiplied as they are.
template <typename X, typename W>
constexpr bool kInPairs = false;
template <>
constexpr bool kInPairs<BF16, BF16> = kPairProducts;

/// A vector's worth of k.
template <bool kPairs, typename T, typename Width>
MALMOI_INLINE Vec load_step(const T* p, Width w) {
  if constexpr (kPairs) {
    return load_pairs(p, w);
  } else {
    return load(p, w);
  }
}

/// y[0..M) x [0..N) of one tile.
template <typename X, typename W, typename Y, int M, int N>
void tile(const RowProductArgs& a, int64_t m, int64_t n) {
  constexpr bool kPairs = kInPairs<X, W>;
  constexpr int64_t kStep = kPairs ? 2 * kLanes : kLanes;
  const X* x = as<X>(a.x) + m * a.k;
  const W* w = as<W>(a.w) + n * a.k;
  Vec sums[M][N] = {};
  auto step = [&](int64_t k, auto width) MALMOI_INLINED {
    Vec xs[M];
    for (int i = 0; i < M; ++i) xs[i] = load_step<kPairs>(x + i * a.k + k, width);
    for (int j = 0; j < N; ++j) {
      Vec ws = load_step<kPairs>(w + j * a.k + k, width);
      for (int i = 0; i < M; ++i) sums[i][j] = multiply_add<kPairs>(xs[i], ws, sums[i][j]);
    }
  };
  int64_t k = 0;
  for (; k + kStep <= a.k; k += kStep) step(k, Full{});
  if (k < a.k) step(k, Part{static_cast<int>(a.k - k)});
  const float* bias = as<float>(a.bias);
  Y* y = as<Y>(a.y);
#if defined(MALMOI_SIMD_AVX512)
  if constexpr (M == 4 && N == 4) {
    const Vec all_sums = reduce_add_each(sums);
    const Vec shift = bias ? load(bias + n, Part{N}) : zero();
    each_index<M>([&](auto i) MALMOI_INLINED {
      const Vec row = quarter<i.value>(all_sums);
      store(y + (m + i.value) * a.n + n, bias ? row + shift : row, Part{N});
    });
    return;
  }
#endif
  for (int i = 0; i < M; ++i) {
    for (int j = 0; j < N; ++j) {
      float sum = reduce_add(sums[i][j]);
      put(y + (m + i) * a.n + n + j, bias ? sum + bias[n + j] : sum);
    }
  }
}

/// Rows [0, m) by columns [n, n + N).
template <typename X, typename W, typename Y, int N>
void columns(const RowProductArgs& a, int64_t m_begin, int64_t m_end, int64_t n) {
  int64_t m = m_begin;
  for (; m + 4 <= m_end; m += 4) tile<X, W, Y, 4, N>(a, m, n);
  if (m + 2 <= m_end) tile<X, W, Y, 2, N>(a, m, n), m += 2;
  if (m < m_end) tile<X, W, Y, 1, N>(a, m, n);
}

template <typename X, typename W, typename Y>
void product(const RowProductArgs& a) {
  constexpr int64_t kTile = 4, kRows = 32;  // kRows rows of x stay in the cache while the rows of w pass
  int64_t tiles = (a.n + kTile - 1) / kTile;
  int64_t grain = max_of(1, kGrain / max_of(1, kTile * a.k * min_of(a.m, 8)));
  parallel_for(tiles, grain, [&](int64_t begin, int64_t end) {
    int64_t first = begin * kTile, last = min_of(end * kTile, a.n), n = first;
    if (a.m == 1) {
      for (; n + 8 <= last; n += 8) tile<X, W, Y, 1, 8>(a, 0, n);
    }
    constexpr int64_t kColumns = 16;
    for (; n < last; n += kColumns) {
      int64_t stop = min_of(n + kColumns, last);
      for (int64_t m = 0; m < a.m; m += kRows) {
        int64_t j = n, m_end = min_of(m + kRows, a.m);
        for (; j + kTile <= stop; j += kTile) columns<X, W, Y, kTile>(a, m, m_end, j);
        for (; j < stop; ++j) columns<X, W, Y, 1>(a, m, m_end, j);
      }
    }
  });
}

template <typename X, typename W>
void with_output(const RowProductArgs& a) {
  with_type(a.y_dtype, [&](auto type) { product<X, W, decltype(type)>(a); });
}

template <typename X>
void with_weight(const RowProductArgs& a) {
  switch (a.w_dtype) {
    case DType::kF32: return with_output<X, float>(a);
    case DType::kBF16: return with_output<X, BF16>(a);
    case DType::kF16: return with_output<X, F16>(a);
    default: __builtin_trap();
  }
}

}  // namespace

void row_product(Stream&, const RowProductArgs& a) {
  if (a.m == 0 || a.n == 0) return;
  with_type(a.dtype, [&](auto type) { with_weight<decltype(type)>(a); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
