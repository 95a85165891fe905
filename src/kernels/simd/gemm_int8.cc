// Products in 8 bits by VPDPBUSD (LLM.int8(), Dettmers et al. 2022, section 3, without its outliers): rows of A and columns
// of B are rounded to 127 steps of their own largest magnitude, sums are exact in int32, and both scales are put back as C
// is written. B is kept 128 higher, as the unsigned operand; what that adds to a sum is 128 times the sum of A's row.
#include "kernels/gemm_int8.h"
#include "kernels/simd/tile.h"

#if defined(MALMOI_SIMD_AVX512)

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

constexpr int kRows = 14;
constexpr int64_t kColumns = 2 * kLanes;  // of a panel of B and a tile of C
constexpr int64_t kSlice = 256;           // columns of B that stay in the second cache while rows of A pass

/// A product and its packed operands. A word holds four values along k; a row takes `steps` of them, whole cache lines.
struct Packed {
  const GemmArgs& g;
  int64_t steps;
  Word* a;            // [m][steps]
  Word* b;            // [n / kColumns][steps][kColumns]
  float* a_scale;     // [m]
  int32_t* a_excess;  // [m]: 128 times the sum of a row
  float* b_scale;     // [n], whole panels
};

int64_t steps_of(int64_t k) { return (k + 63) / 64 * 16; }
int64_t panels_of(int64_t n) { return (n + kColumns - 1) / kColumns; }

/// Larger of `most` and |v|; compared as integers, so that a NaN stays and takes its row or column with it.
MALMOI_INLINE Vec larger(Vec most, Vec v) {
  return (Vec)_mm512_max_epu32((__m512i)most, (__m512i)((UVec)v & 0x7FFFFFFFu));
}
MALMOI_INLINE Vec inverse(Vec most) { return (Vec)((IVec)(all(127.0f) / most) & (most > zero())); }
MALMOI_INLINE __m512i rounded(Vec v, Vec scale) { return _mm512_cvtps_epi32(v * scale); }

/// Rounds one row to out[steps], zero beyond n; gives its scale and the sum of what it wrote.
MALMOI_INLINE int32_t round_row(const BF16* x, int64_t n, int64_t steps, Word* out, float& scale) {
  Vec most = zero();
  each_vec(n, [&](int64_t i, auto w) MALMOI_INLINED { most = larger(most, load(x + i, w)); });
  float largest;
  uint32_t bits = _mm512_reduce_max_epu32((__m512i)most);
  __builtin_memcpy(&largest, &bits, sizeof largest);
  scale = largest / 127.0f;
  auto* to = reinterpret_cast<int8_t*>(out);
  Vec up = inverse(all(largest));
  __m512i sum = _mm512_setzero_si512();
  auto put = [&](int64_t i, __m512i v)
                 MALMOI_INLINED { _mm_store_si128(reinterpret_cast<__m128i*>(to + i), _mm512_cvtepi32_epi8(v)); };
  each_vec(n, [&](int64_t i, auto w) MALMOI_INLINED {
    __m512i v = rounded(load(x + i, w), up);
    sum = _mm512_add_epi32(sum, v);
    put(i, v);
  });
  for (int64_t i = (n + kLanes - 1) / kLanes * kLanes; i < 4 * steps; i += kLanes) put(i, _mm512_setzero_si512());
  return _mm512_reduce_add_epi32(sum);
}

void pack_a(const Packed& p, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    const BF16* row = as<BF16>(p.g.a) + i * p.g.lda;
    // Unsigned: a row with a NaN is nonsense that its scale, NaN too, hides.
    auto sum = static_cast<uint32_t>(round_row(row, p.g.k, p.steps, p.a + i * p.steps, p.a_scale[i]));
    p.a_excess[i] = static_cast<int32_t>(128 * sum);
  }
}

MALMOI_INLINE void put_words(Word* to, __m512i words) {
  _mm512_store_si512(to, _mm512_xor_si512(words, _mm512_set1_epi32(static_cast<int>(0x80808080u))));
}

/// The panel of columns from n on, where B is stored [n][k]: its rows are rounded into `rows`, then transposed.
void pack_b_turned(const Packed& p, int64_t n, Word* rows) {
  int64_t have = min_of(kColumns, p.g.n - n);
  for (int64_t j = 0; j < kColumns; ++j) {
    const BF16* row = as<BF16>(p.g.b) + (n + j) * p.g.ldb;
    round_row(row, j < have ? p.g.k : 0, p.steps, rows + j * p.steps, p.b_scale[n + j]);
  }
  Word* to = p.b + n * p.steps;
  for (int64_t half = 0; half < kColumns; half += kLanes) {
    for (int64_t s = 0; s < p.steps; s += kLanes) {
      Vec v[kLanes];
      for (int i = 0; i < kLanes; ++i) v[i] = load_words(rows + (half + i) * p.steps + s);
      transpose_block(v);
      for (int i = 0; i < kLanes; ++i) put_words(to + (s + i) * kColumns + half, (__m512i)v[i]);
    }
  }
}

/// As above, where B is stored [k][n]: four rows are zipped into words.
void pack_b_straight(const Packed& p, int64_t n) {
  Word* to = p.b + n * p.steps;
  for (int64_t half = 0; half < kColumns; half += kLanes) {
    const BF16* b = as<BF16>(p.g.b) + n + half;
    Part w{static_cast<int>(max_of(0, min_of(kLanes, p.g.n - n - half)))};
    Vec most = zero();
    for (int64_t k = 0; k < p.g.k; ++k) most = larger(most, load(b + k * p.g.ldb, w));
    store(p.b_scale + n + half, most / all(127.0f), Full{});
    Vec up = inverse(most);
    auto byte = [&](int64_t k) MALMOI_INLINED {
      __m512i v = k < p.g.k ? rounded(load(b + k * p.g.ldb, w), up) : _mm512_setzero_si512();
      return _mm512_and_si512(v, _mm512_set1_epi32(255));
    };
    for (int64_t s = 0; s < p.steps; ++s) {
      __m512i low = _mm512_or_si512(byte(4 * s), _mm512_slli_epi32(byte(4 * s + 1), 8));
      __m512i high = _mm512_or_si512(byte(4 * s + 2), _mm512_slli_epi32(byte(4 * s + 3), 8));
      put_words(to + s * kColumns + half, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
    }
  }
}

template <typename T>
MALMOI_INLINE void write_row(const Packed& p, const int32_t* sums, int64_t m, int64_t n) {
  T* c = as<T>(p.g.c) + m * p.g.ldc + n;
  Vec a_scale = all(p.a_scale[m]);
  __m512i excess = _mm512_set1_epi32(p.a_excess[m]);
  each_vec(min_of(kColumns, p.g.n - n), [&](int64_t j, auto w) MALMOI_INLINED {
    __m512i sum = _mm512_sub_epi32(_mm512_load_si512(sums + j), excess);
    Vec v = (Vec)_mm512_cvtepi32_ps(sum) * (a_scale * load(p.b_scale + n + j, Full{}));
    if (p.g.bias) v += load(p.g.bias + n + j, w);
    if (p.g.accumulate) v += load(c + j, w);
    store(c + j, v, w);
  });
}

/// Puts the scales back and writes a tile of C.
void write_tile(const Packed& p, const int32_t* sums, int rows, int64_t m, int64_t n) {
  for (int i = 0; i < rows; ++i, sums += kColumns) {
    if (p.g.c_type == DType::kBF16) write_row<BF16>(p, sums, m + i, n);
    else write_row<float>(p, sums, m + i, n);
  }
}

/// C[m.., n..) of M rows and a panel's columns. The instruction is written out: from its intrinsic the compiler spills.
template <int M>
void multiply(const Packed& p, int64_t m, int64_t n) {
  __m512i sums[2 * M];
  each_index<2 * M>([&](auto r) MALMOI_INLINED { sums[r.value] = _mm512_setzero_si512(); });
  const Word *x = p.a + m * p.steps, *b = p.b + n * p.steps;
  const int64_t row = p.steps;
  int64_t k = p.steps;
  do {
    __m512i b0 = _mm512_load_si512(b), b1 = _mm512_load_si512(b + kLanes);
    b += kColumns;
    each_index<M>([&](auto i) MALMOI_INLINED {
      __m512i w = _mm512_set1_epi32(static_cast<int>(x[i.value * row]));
      asm("vpdpbusd %2, %1, %0" : "+v"(sums[2 * i.value]) : "v"(b0), "v"(w));
      asm("vpdpbusd %2, %1, %0" : "+v"(sums[2 * i.value + 1]) : "v"(b1), "v"(w));
    });
    ++x;
  } while (--k > 0);
  alignas(64) int32_t whole[M * kColumns];
  each_index<2 * M>([&](auto r) MALMOI_INLINED { _mm512_store_si512(whole + r.value * kLanes, sums[r.value]); });
  write_tile(p, whole, M, m, n);
}

using Multiply = void (*)(const Packed&, int64_t m, int64_t n);

/// Kernels by rows of the tile.
struct Multiplies {
  Multiply by_rows[kRows + 1] = {};
  constexpr Multiplies() { fill(std::make_integer_sequence<int, kRows>{}); }
  template <int... M>
  constexpr void fill(std::integer_sequence<int, M...>) {
    ((by_rows[M + 1] = multiply<M + 1>), ...);
  }
};

void multiply_rows(const Packed& p, int64_t m_begin, int64_t m_end) {
  static constexpr Multiplies kernels;
  int64_t tiles = (m_end - m_begin + kRows - 1) / kRows;
  for (int64_t slice = 0; slice < p.g.n; slice += kSlice) {
    for (int64_t t = 0; t < tiles; ++t) {
      int64_t m = m_begin + (m_end - m_begin) * t / tiles, next = m_begin + (m_end - m_begin) * (t + 1) / tiles;
      for (int64_t n = slice; n < min_of(p.g.n, slice + kSlice); n += kColumns) kernels.by_rows[next - m](p, m, n);
    }
  }
}

size_t scratch_bytes(const GemmArgs& g, int threads) {
  int64_t steps = steps_of(g.k), columns = panels_of(g.n) * kColumns;
  int64_t words = (g.m + columns + threads * kColumns) * steps + 2 * round_up_words(g.m) + columns;
  return static_cast<size_t>(words) * sizeof(Word);
}

void run_product(const GemmArgs& g, int threads, void* memory) {
  int64_t steps = steps_of(g.k), panels = panels_of(g.n);
  Scratch scratch(memory);
  Packed p{.g = g,
           .steps = steps,
           .a = scratch.take<Word>(g.m * steps),
           .b = scratch.take<Word>(panels * kColumns * steps),
           .a_scale = scratch.take<float>(g.m),
           .a_excess = scratch.take<int32_t>(g.m),
           .b_scale = scratch.take<float>(panels * kColumns)};
  Word* rows = scratch.take<Word>(threads * kColumns * steps);
  parallel_team(threads, [&](int worker) {
    pack_a(p, g.m * worker / threads, g.m * (worker + 1) / threads);
    for (int64_t panel = panels * worker / threads; panel < panels * (worker + 1) / threads; ++panel) {
      if (g.transpose_b) pack_b_turned(p, panel * kColumns, rows + worker * kColumns * steps);
      else pack_b_straight(p, panel * kColumns);
    }
  });
  int64_t tiles = (g.m + kRows - 1) / kRows;
  parallel_team(threads, [&](int worker) {
    multiply_rows(p, min_of(g.m, tiles * worker / threads * kRows),
                  min_of(g.m, tiles * (worker + 1) / threads * kRows));
  });
}

}  // namespace

const Int8Products& int8_products() {
  static constexpr Int8Products kProducts = {scratch_bytes, run_product};
  return kProducts;
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE

#endif
