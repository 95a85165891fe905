// Small products on packed operands, and the packing: what attention is made of.
//
// All operands are words of 4 bytes along the summed dimension: an f32, or (kDot) a pair of bf16 that VDPBF16PS multiplies.
// A: [rows][steps] words, broadcast one at a time. B: [steps][columns] words, columns padded to whole vectors.
#pragma once

#include "kernels/simd/common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

using Word = uint32_t;

/// Whether products of this type run on pairs of bf16.
template <typename T>
struct Products {
  static constexpr bool kDot = false;
};
template <>
struct Products<BF16> {
  static constexpr bool kDot = kPairProducts;
};

/// Words that n elements of the summed dimension take.
template <bool kDot>
MALMOI_INLINE int64_t words_of(int64_t n) {
  return kDot ? (n + 1) / 2 : n;
}
MALMOI_INLINE int64_t lanes_of(int64_t n) { return (n + kLanes - 1) / kLanes * kLanes; }

MALMOI_INLINE Vec load_words(const Word* p) { return load(reinterpret_cast<const float*>(p), Full{}); }

/// A[M, K] B[K, N] for one operand layout; c is f32 with whole vectors in a row.
struct TileArgs {
  const Word* a;
  int64_t lda;
  const Word* b;
  int64_t ldb;
  int64_t steps;
  float* c;
  int64_t ldc;
  bool add;  // C += instead of C =
};

template <bool kDot, int M, int N>
void tile(const TileArgs& t) {
  Vec sums[M * N];
  const float* from = t.c;
  if (t.add) {
    each_index<M * N>([&](auto r) MALMOI_INLINED {
      sums[r.value] = load(from + r.value / N * t.ldc + r.value % N * kLanes, Full{});
    });
  } else {
    each_index<M * N>([&](auto r) MALMOI_INLINED { sums[r.value] = zero(); });
  }
  const Word *a = t.a, *b = t.b;
  for (int64_t k = 0; k < t.steps; ++k, b += t.ldb) {
    Vec bs[N];
    each_index<N>([&](auto j) MALMOI_INLINED { bs[j.value] = load_words(b + j.value * kLanes); });
    each_index<M>([&](auto i) MALMOI_INLINED {
      Vec x = broadcast_word(a + i.value * t.lda + k);
      each_index<N>([&](auto j) MALMOI_INLINED {
        sums[i.value * N + j.value] = multiply_add<kDot>(x, bs[j.value], sums[i.value * N + j.value]);
      });
    });
  }
  float* to = t.c;
  each_index<M * N>(
      [&](auto r) MALMOI_INLINED { store(to + r.value / N * t.ldc + r.value % N * kLanes, sums[r.value], Full{}); });
}

template <bool kDot, int N>
void tile_column(TileArgs t, int64_t rows) {
  for (; rows >= kTileRows; rows -= kTileRows) {
    tile<kDot, kTileRows, N>(t);
    t.a += kTileRows * t.lda, t.c += kTileRows * t.ldc;
  }
  switch (rows) {
    case 1: return tile<kDot, 1, N>(t);
    case 2: return tile<kDot, 2, N>(t);
    case 3: return tile<kDot, 3, N>(t);
    case 4: return tile<kDot, 4, N>(t);
    case 5: return tile<kDot, 5, N>(t);
    default: return;
  }
}

/// C[rows, columns] (+)= A B; columns count in lanes, rounded up to whole vectors.
template <bool kDot>
void tile_product(TileArgs t, int64_t rows, int64_t columns) {
  for (; columns > (kTileVecs - 1) * kLanes; columns -= kTileVecs * kLanes) {
    tile_column<kDot, kTileVecs>(t, rows);
    t.b += kTileVecs * kLanes, t.c += kTileVecs * kLanes;
  }
  if (columns <= 0) return;
  if constexpr (kTileVecs == 4) {
    if (columns > 2 * kLanes) return tile_column<kDot, 3>(t, rows);
    if (columns > kLanes) return tile_column<kDot, 2>(t, rows);
  }
  tile_column<kDot, 1>(t, rows);
}

// -- packing ----------------------------------------------------------------------------------------------------

/// Rows of T as rows of words, ld words apart; an odd last element is paired with zero.
template <typename T>
void pack_rows(const T* x, int64_t stride, int64_t rows, int64_t cols, Word* out, int64_t ld) {
  constexpr bool kDot = Products<T>::kDot;
  for (int64_t r = 0; r < rows; ++r) {
    const T* from = x + r * stride;
    if constexpr (kDot) {
      BF16* to = reinterpret_cast<BF16*>(out + r * ld);
      __builtin_memcpy(to, from, sizeof(BF16) * static_cast<size_t>(cols));
      if (cols % 2) to[cols] = BF16{0};
    } else {
      float* to = reinterpret_cast<float*>(out + r * ld);
      each_vec(cols, [&](int64_t i, auto w) MALMOI_INLINED { store(to + i, load(from + i, w), w); });
    }
  }
}

/// to[0, n) = scale * from, zero up to `padded`.
template <typename T>
MALMOI_INLINE void widen_row(const T* from, int64_t n, float scale, float* to, int64_t padded) {
  for (int64_t i = n / kLanes * kLanes; i < padded; i += kLanes) store(to + i, zero(), Full{});
  Vec factor = all(scale);
  each_vec(n, [&](int64_t i, auto w) MALMOI_INLINED { store(to + i, load(from + i, w) * factor, w); });
}

/// Rows are the summed dimension: out[step][column], each step one row (two with kDot), columns padded with zero to ld.
template <typename T>
void pack_steps(const T* x, int64_t stride, int64_t rows, int64_t cols, Word* out, int64_t ld) {
  constexpr bool kDot = Products<T>::kDot;
  int64_t steps = words_of<kDot>(rows);
  for (int64_t s = 0; s < steps; ++s) {
    Word* to = out + s * ld;
    for (int64_t i = cols / kLanes * kLanes; i < ld; ++i) to[i] = 0;
    if constexpr (kDot) {
      const T *even = x + 2 * s * stride, *odd = 2 * s + 1 < rows ? even + stride : nullptr;
      each_vec(cols, [&](int64_t i, auto w) MALMOI_INLINED {
        UVec low = (UVec)load(even + i, w) >> 16, high = odd ? (UVec)load(odd + i, w) : UVec{};
        store(reinterpret_cast<float*>(to + i), (Vec)(low | high), w);
      });
    } else {
      const T* from = x + s * stride;
      each_vec(cols, [&](int64_t i, auto w)
                         MALMOI_INLINED { store(reinterpret_cast<float*>(to + i), load(from + i, w), w); });
    }
  }
}

/// Transposes kLanes x kLanes words: a perfect shuffle of the rows, log2(kLanes) times.
MALMOI_INLINE void transpose_block(Vec* v) {
  Vec next[kLanes];
  for (int width = 1; width < kLanes; width *= 2) {
    for (int i = 0; i < kLanes / 2; ++i) {
      next[2 * i] = zip_low(v[i], v[i + kLanes / 2]);
      next[2 * i + 1] = zip_high(v[i], v[i + kLanes / 2]);
    }
    for (int i = 0; i < kLanes; ++i) v[i] = next[i];
  }
}

template <typename Width>
MALMOI_INLINE void transpose_columns(const Word* in, int64_t ld_in, int64_t rows, Word* out, int64_t ld_out, int cols,
                                     Width width) {
  Vec v[kLanes];
  for (int i = 0; i < kLanes; ++i)
    v[i] = i < rows ? load(reinterpret_cast<const float*>(in + i * ld_in), width) : zero();
  transpose_block(v);
  for (int i = 0; i < cols; ++i) store(reinterpret_cast<float*>(out + i * ld_out), v[i], Full{});
}

/// out[c][r] = in[r][c]; whole vectors of rows are written, zero beyond the last row.
[[maybe_unused]] void transpose_words(const Word* in, int64_t ld_in, int64_t rows, int64_t cols, Word* out,
                                      int64_t ld_out) {
  for (int64_t r = 0; r < rows; r += kLanes) {
    int64_t count = min_of(kLanes, rows - r);
    each_vec(cols, [&](int64_t c, auto w) MALMOI_INLINED {
      int n = static_cast<int>(min_of(kLanes, cols - c));
      transpose_columns(in + r * ld_in + c, ld_in, count, out + c * ld_out + r, ld_out, n, w);
    });
  }
}

/// out[c][step] from steps, kRowWords words a row: the rest of a row is zero.
template <int64_t kRowWords>
void transpose_steps(const Word* in, int64_t ld_in, int64_t steps, int64_t cols, Word* out) {
  for (int64_t r = 0; r < kRowWords; r += kLanes) {
    int64_t count = max_of(0, min_of(kLanes, steps - r));
    each_vec(cols, [&](int64_t c, auto w) MALMOI_INLINED {
      Vec v[kLanes];
      for (int i = 0; i < kLanes; ++i) {
        v[i] = i < count ? load(reinterpret_cast<const float*>(in + (r + i) * ld_in + c), w) : zero();
      }
      transpose_block(v);
      int64_t n = min_of(kLanes, cols - c);
      for (int64_t i = 0; i < n; ++i) {
        float* to = reinterpret_cast<float*>(out + (c + i) * kRowWords + r);
        if (r + kLanes <= kRowWords) {
          store(to, v[i], Full{});
        } else {
          store(to, v[i], Part{static_cast<int>(kRowWords - r)});
        }
      }
    });
  }
}

/// Words that Scratch uses for so many.
MALMOI_INLINE int64_t round_up_words(int64_t words) { return (words + 15) / 16 * 16; }

/// Hands out parts of a worker's scratch, each aligned to a cache line.
class Scratch {
 public:
  explicit Scratch(void* base) : next_(static_cast<Word*>(base)) {}
  template <typename T>
  T* take(int64_t words) {
    Word* here = next_;
    next_ += round_up_words(words);
    return reinterpret_cast<T*>(here);
  }

 private:
  Word* next_;
};

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
