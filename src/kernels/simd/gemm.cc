// Packed products (after BLIS, Van Zee & van de Geijn 2015): C is cut into a grid of parts; a thread that takes one packs
// blocks of B into panels of two vectors' columns, and A where it is not already rows of words; a tile of C stays in
// registers over a whole block of K. A word of K is an f32, or on AVX-512 a pair of bf16 for VDPBF16PS; elsewhere bf16 is
// widened as it is packed. The order of every sum depends on the sizes alone, so threads do not change bits.
#include "kernels/gemm_packed.h"
#include "kernels/simd/gemm_tile.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

constexpr int64_t kPackedRows = 36 * 14 / kRows * kRows;  // of A at a time, where it is packed: whole KiB of its rows
constexpr int kStepWords = (kRows + kLanes - 1) / kLanes * kLanes;  // moved for a step of a panel of A

/// A packed panel of A, with room behind it for what its last step moves too much.
int64_t panel_words(const PackedPlan& plan) { return plan.block_k * kRows + kStepWords - kRows; }
int64_t packed_words(const PackedPlan& plan) {
  return plan.pack_a ? ((plan.block_m + kRows - 1) / kRows + 1) * panel_words(plan) : 0;
}

template <typename T>
class Product {
 public:
  static constexpr bool kDot = Products<T>::kDot;

  /// Of one part of C; `memory` is this thread's.
  Product(const GemmArgs& args, const PackedPlan& plan, void* memory, int part)
      : g_(args), plan_(plan), scratch_(memory) {
    int64_t part_m = part / plan.grid_n, part_n = part % plan.grid_n;
    int64_t tiles = (g_.m + kRows - 1) / kRows, panels = (g_.n + kColumns - 1) / kColumns;
    m_begin_ = min_of(g_.m, tiles * part_m / plan.grid_m * kRows);
    m_end_ = min_of(g_.m, tiles * (part_m + 1) / plan.grid_m * kRows);
    n_begin_ = min_of(g_.n, panels * part_n / plan.grid_n * kColumns);
    n_end_ = min_of(g_.n, panels * (part_n + 1) / plan.grid_n * kColumns);
    b_ = scratch_.take<Word>(plan.block_n * plan.block_k);
    a_packed_ = scratch_.take<Word>(packed_words(plan));
    partial_ = scratch_.take<float>(plan.partial ? plan.most_m * plan.block_n : 0);
  }

  void run() {
    for (int64_t m = m_begin_; m < m_end_; m += plan_.most_m) {
      for (int64_t n = n_begin_; n < n_end_; n += plan_.block_n) {
        columns(m, min_of(m_end_, m + plan_.most_m), n, min_of(n_end_, n + plan_.block_n));
      }
    }
  }

 private:
  /// C[m_begin.., n_begin..) over all of K.
  void columns(int64_t m_begin, int64_t m_end, int64_t n_begin, int64_t n_end) {
    int64_t steps = words_of<kDot>(g_.k);
    for (int64_t k = 0; k < steps; k += plan_.block_k) {
      int64_t count = min_of(plan_.block_k, steps - k);
      pack_b(k, count, n_begin, n_end);
      for (int64_t m = m_begin; m < m_end; m += plan_.block_m) {
        int64_t m_stop = min_of(m_end, m + plan_.block_m);
        if (plan_.pack_a) pack_a(k, count, m, m_stop);
        block(m_begin, m, m_stop, n_begin, n_end, k, count);
      }
    }
  }

  /// Tiles of rows [m, m_stop), of as even a height as can be, over slices of columns that fit the second cache.
  void block(int64_t m_begin, int64_t m, int64_t m_stop, int64_t n_begin, int64_t n_end, int64_t k, int64_t count) {
    int64_t tiles = (m_stop - m + kRows - 1) / kRows;
    for (int64_t slice = n_begin; slice < n_end; slice += kSlice) {
      int64_t slice_end = min_of(n_end, slice + kSlice);
      for (int64_t t = 0; t < tiles; ++t) {
        int64_t first = (m_stop - m) * t / tiles, rows = (m_stop - m) * (t + 1) / tiles - first;
        Operand a = operand(m, first, t, k);
        Multiply kernel = kernels(a.row == 0)[rows];
        int64_t ahead = t + 1 < tiles ? (slice_end - slice + kColumns - 1) / kColumns : 0, part = 0;
        for (int64_t n = slice; n < slice_end; n += kColumns, ++part) {
          if (ahead > 0)
            prefetch_a(operand(m, first + rows, t + 1, k), rows, count * part / ahead, count * (part + 1) / ahead);
          run_tile(kernel, {.a = a, .b = b_ + (n - n_begin) * plan_.block_k, .steps = count}, rows, m + first, n,
                   partial_ + (m - m_begin + first) * plan_.block_n + n - n_begin, k);
        }
      }
    }
  }

  /// The next tile's rows of A, words [begin, end), on their way to the second cache while this tile is computed.
  static MALMOI_INLINE void prefetch_a(Operand a, int64_t rows, int64_t begin, int64_t end) {
    if (a.row == 0) {
      for (int64_t k = begin * kRows; k < end * kRows; k += 16) __builtin_prefetch(a.words + k, 0, 2);
      return;
    }
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t k = begin; k < end; k += 16) __builtin_prefetch(a.words + i * a.row + k, 0, 2);
    }
  }

  /// Where a tile's sums will go.
  static MALMOI_INLINE void prefetch_out(const Tile& t, int64_t rows) {
    int64_t size = t.narrow ? 2 : 4;
    const char* out = static_cast<const char*>(t.out);
    for (int64_t i = 0; i < rows; ++i, out += t.out_ld * size) {
      for (int64_t at = 0; at < kColumns * size; at += 64) __builtin_prefetch(out + at, 1, 3);
    }
    if (!t.add || t.add == t.out) return;
    const float* add = t.add;
    for (int64_t i = 0; i < rows; ++i, add += t.add_ld) {
      for (int64_t at = 0; at < kColumns; at += 16) __builtin_prefetch(add + at, 0, 3);
    }
  }

  static const Multiply* kernels(bool panel) {
    static constexpr Multiplies<kDot, true> panels;
    static constexpr Multiplies<kDot, false> rows;
    return panel ? panels.by_rows : rows.by_rows;
  }

  /// A tile's rows: row 0 marks a packed panel.
  Operand operand(int64_t m, int64_t first, int64_t tile, int64_t k) const {
    if (!plan_.pack_a) {
      const T* a = as<T>(g_.a) + (m + first) * g_.lda + k * (kDot ? 2 : 1);
      return {reinterpret_cast<const Word*>(a), g_.lda / (kDot ? 2 : 1)};
    }
    if (g_.transpose_a) return {a_packed_ + tile * panel_words(plan_), 0};
    return {a_packed_ + first * plan_.block_k, plan_.block_k};
  }

  /// Panels of kColumns columns, each [count][kColumns] words.
  void pack_b(int64_t k, int64_t count, int64_t n_begin, int64_t n_end) {
    int64_t k_first = kDot ? 2 * k : k, k_count = min_of(kDot ? 2 * count : count, g_.k - k_first);
    if (!g_.transpose_b) {
      for (int64_t begin = 0; begin < count; begin += kPackSteps) {
        int64_t steps = min_of(kPackSteps, count - begin);
        for (int64_t n = n_begin; n < n_end; n += kColumns) {
          const T* from = as<T>(g_.b) + (k_first + (kDot ? 2 * begin : begin)) * g_.ldb + n;
          Word* to = b_ + (n - n_begin) * plan_.block_k + begin * kColumns;
          int64_t cols = min_of(kColumns, g_.n - n);
          if (cols < kColumns) __builtin_memset(to, 0, sizeof(Word) * static_cast<size_t>(steps * kColumns));
          pack_panel<kColumns>({from, g_.ldb, steps, kDot && 2 * (begin + steps) > k_count}, cols, cols == kColumns,
                               to);
        }
      }
      return;
    }
    for (int64_t n = n_begin; n < n_end; n += kColumns) {
      pack_turned(as<T>(g_.b) + n * g_.ldb + k_first, min_of(kColumns, g_.n - n), k_count,
                  b_ + (n - n_begin) * plan_.block_k);
    }
  }

  /// Steps of a matrix that is stored by k, each a row of it, or two as pairs.
  struct Steps {
    const T* from;
    int64_t ld, count;
    bool odd;  // the last one has one row
  };

  /// A panel, kWidth words a step: `cols` columns, or, where rows go on far enough, whole vectors. What these move beyond
  /// the panel is overwritten by the next step, or is in the room behind the last one.
  template <int kWidth>
  static MALMOI_INLINE void pack_panel(const Steps& steps, int64_t cols, bool whole, Word* to) {
    if (whole) {
      move_steps<kWidth>(steps, to, [](const auto& move) MALMOI_INLINED {
        each_index<(kWidth + kLanes - 1) / kLanes>([&](auto i) MALMOI_INLINED { move(i.value * kLanes, Full{}); });
      });
    } else {
      move_steps<kWidth>(steps, to, [&](const auto& move) MALMOI_INLINED { each_vec(cols, move); });
    }
  }

  template <int kWidth, typename Each>
  static MALMOI_INLINE void move_steps(const Steps& steps, Word* to, const Each& each) {
    constexpr int kRowsOfStep = kDot ? 2 : 1;
    const int64_t ld = steps.ld;
    const T* from = steps.from;
    for (int64_t s = 0; s < steps.count; ++s, from += kRowsOfStep * ld, to += kWidth) {
      bool alone = steps.odd && s + 1 == steps.count;
      // What the next round of packing reads: too far from this one for the hardware to see.
      for (int64_t row = 0; row < kRowsOfStep; ++row) {
        __builtin_prefetch(from + (kPackSteps * kRowsOfStep + row) * ld, 0, 3);
      }
      each([&](int64_t i, auto w) MALMOI_INLINED {
        float* out = reinterpret_cast<float*>(to + i);
        if constexpr (kDot) {
          UVec low = (UVec)load(from + i, w) >> 16, high = alone ? UVec{} : (UVec)load(from + ld + i, w);
          store(out, (Vec)(low | high), w);
        } else {
          store(out, load(from + i, w), w);
        }
      });
    }
  }

  /// B is stored [n][k]: rows of words are transposed, kLanes of them at a time.
  void pack_turned(const T* b, int64_t cols, int64_t k_count, Word* to) {
    for (int64_t half = 0; half < 2; ++half) {
      int64_t have = max_of(0, min_of(kLanes, cols - half * kLanes));
      const T* from = b + half * kLanes * g_.ldb;
      int64_t whole = k_count / (kDot ? 2 : 1) / kLanes * kLanes, k = 0;
      for (; k < whole; k += kLanes) {
        Vec v[kLanes];
        for (int i = 0; i < kLanes; ++i) v[i] = i < have ? words_at(from + i * g_.ldb, k) : zero();
        transpose_block(v);
        for (int i = 0; i < kLanes; ++i) store_words(to + (k + i) * kColumns + half * kLanes, v[i]);
      }
      for (; k < words_of<kDot>(k_count); ++k) {
        for (int i = 0; i < kLanes; ++i)
          to[k * kColumns + half * kLanes + i] = i < have ? word_at(from + i * g_.ldb, k, k_count) : 0;
      }
    }
  }

  static MALMOI_INLINE void store_words(Word* to, Vec v) { store(reinterpret_cast<float*>(to), v, Full{}); }

  /// kLanes words of a row from word k on.
  static MALMOI_INLINE Vec words_at(const T* row, int64_t k) {
    if constexpr (kDot) return load(reinterpret_cast<const float*>(row + 2 * k), Full{});
    else return load(row + k, Full{});
  }

  static MALMOI_INLINE Word word_at(const T* row, int64_t k, int64_t k_count) {
    Word word;
    if constexpr (kDot) {
      BF16 pair[2] = {row[2 * k], 2 * k + 1 < k_count ? row[2 * k + 1] : BF16{0}};
      __builtin_memcpy(&word, pair, sizeof word);
    } else {
      float x = widen(row[k]);
      __builtin_memcpy(&word, &x, sizeof word);
    }
    return word;
  }

  void pack_a(int64_t k, int64_t count, int64_t m, int64_t m_stop) {
    int64_t k_first = kDot ? 2 * k : k, k_count = min_of(kDot ? 2 * count : count, g_.k - k_first);
    if (!g_.transpose_a) {
      pack_rows(as<T>(g_.a) + m * g_.lda + k_first, g_.lda, m_stop - m, k_count, a_packed_, plan_.block_k);
      return;
    }
    int64_t tiles = (m_stop - m + kRows - 1) / kRows;
    int64_t firsts[kPackedRows / kRows + 2];
    for (int64_t t = 0; t <= tiles; ++t) firsts[t] = (m_stop - m) * t / tiles;
    for (int64_t begin = 0; begin < count; begin += kPackSteps) {
      int64_t end = min_of(count, begin + kPackSteps);
      for (int64_t t = 0; t < tiles; ++t) {
        const T* from = as<T>(g_.a) + (k_first + (kDot ? 2 * begin : begin)) * g_.lda + m + firsts[t];
        Word* to = a_packed_ + t * panel_words(plan_) + begin * kRows;
        pack_panel<kRows>({from, g_.lda, end - begin, kDot && 2 * end > k_count}, firsts[t + 1] - firsts[t],
                          g_.m - m - firsts[t] >= kStepWords, to);
      }
    }
  }

  /// Sums of blocks of K meet in C where it is f32, else in `partial`.
  void run_tile(Multiply kernel, Tile t, int64_t rows, int64_t m, int64_t n, float* partial, int64_t k) {
    bool first = k == 0, last = k + t.steps == words_of<kDot>(g_.k), wide = g_.c_type == DType::kF32;
    int64_t at = m * g_.ldc + n;
    if (wide) {
      t.out = as<float>(g_.c) + at, t.out_ld = g_.ldc;
      if (g_.accumulate || !first) t.add = as<float>(g_.c) + at, t.add_ld = g_.ldc;
    } else {
      t.out = last ? static_cast<void*>(as<BF16>(g_.c) + at) : partial, t.out_ld = last ? g_.ldc : plan_.block_n;
      t.narrow = last, t.accumulate = last && g_.accumulate;
      if (!first) t.add = partial, t.add_ld = plan_.block_n;
    }
    t.bias = last && g_.bias ? g_.bias + n : nullptr;
    prefetch_out(t, rows);
    if (n + kColumns <= g_.n || (!wide && !last)) return kernel(t);
    run_edge(kernel, t, rows, g_.n - n);
  }

  /// A tile whose last columns lie outside C.
  void run_edge(Multiply kernel, const Tile& t, int64_t rows, int64_t cols) {
    alignas(64) float sums[kRows * kColumns];
    kernel({.a = t.a, .b = t.b, .steps = t.steps, .out = sums, .out_ld = kColumns});
    for (int64_t i = 0; i < rows; ++i) {
      each_vec(cols, [&](int64_t j, auto w) MALMOI_INLINED {
        Vec v = load(sums + i * kColumns + j, w);
        if (t.add) v += load(t.add + i * t.add_ld + j, w);
        if (t.bias) v += load(t.bias + j, w);
        if (!t.narrow) return store(static_cast<float*>(t.out) + i * t.out_ld + j, v, w);
        BF16* out = static_cast<BF16*>(t.out) + i * t.out_ld + j;
        if (t.accumulate) v += load(out, w);
        store(out, v, w);
      });
    }
  }

  static constexpr int64_t kSlice = 256;  // columns of B that stay in the second cache while tiles of A pass
  static constexpr int64_t kPackSteps =
      kDot ? 32 : 8;  // packed at a time: their rows stay in the first cache for all panels
  const GemmArgs& g_;
  const PackedPlan& plan_;
  Scratch scratch_;
  int64_t m_begin_, m_end_, n_begin_, n_end_;
  Word *b_, *a_packed_;
  float* partial_;
};

/// A grid over C, by what a part costs: its products, and packing, in their units. A part packs its columns of B and, if
/// need be, its rows of A.
struct Grid {
  int rows = 1, columns = 1;
  double cost = 0;
};

Grid best_grid(const GemmArgs& g, bool pack_a, int parts) {
  int64_t tiles = (g.m + kRows - 1) / kRows, panels = (g.n + kColumns - 1) / kColumns;
  double of_b = g.transpose_b ? 24 : 12, of_a = pack_a ? 12 : 1;
  Grid best;
  for (int rows = 1; rows <= parts; ++rows) {
    if (parts % rows != 0) continue;
    int columns = parts / rows;
    auto part_m = static_cast<double>((tiles + rows - 1) / rows * kRows);
    auto part_n = static_cast<double>((panels + columns - 1) / columns * kColumns);
    double cost = part_m * part_n + of_b * part_n + of_a * part_m;
    if (best.cost == 0 || cost < best.cost) best = {rows, columns, cost};
  }
  return best;
}

/// As many parts as threads; more where they are long and packing does not grow much, so that a thread whose core is
/// taken away leaves the others something to do.
Grid choose_grid(const GemmArgs& g, bool pack_a, int threads) {
  constexpr double kFewest = 2e5;  // operations a part: a few microseconds
  constexpr double kLong = 5e7;    // about a tenth of a millisecond
  constexpr double kDearer = 1.02;
  double flops = 2.0 * static_cast<double>(g.m) * static_cast<double>(g.n) * static_cast<double>(g.k);
  threads = static_cast<int>(max_of(1, min_of(threads, static_cast<int64_t>(flops / kFewest))));
  Grid grid = best_grid(g, pack_a, threads);
  for (int times : {4, 2}) {
    if (threads == 1 || flops < kLong * threads * times) continue;
    Grid finer = best_grid(g, pack_a, threads * times);
    if (finer.cost * times <= grid.cost * kDearer) return finer;
  }
  return grid;
}

/// Blocks and the grid. `words` is what a thread needs of scratch.
PackedPlan plan_product(const GemmArgs& g, int threads) {
  PackedPlan p;
  bool dot = g.a_type == DType::kBF16 && Products<BF16>::kDot;
  int64_t steps = dot ? (g.k + 1) / 2 : g.k;
  constexpr int64_t kSteps = 512;
  int64_t passes = max_of(1, (steps + kSteps - 1) / kSteps);
  p.block_k = max_of(1, (steps + passes - 1) / passes);
  bool words_in_place = dot ? g.k % 2 == 0 && g.lda % 2 == 0 : g.a_type == DType::kF32;
  p.pack_a = g.transpose_a || !words_in_place;
  p.partial = g.c_type != DType::kF32 && passes > 1;

  Grid grid = choose_grid(g, p.pack_a, threads);
  p.grid_m = grid.rows, p.grid_n = grid.columns;
  int64_t tiles = (g.m + kRows - 1) / kRows, panels = (g.n + kColumns - 1) / kColumns;
  int64_t most_n = (panels + p.grid_n - 1) / p.grid_n * kColumns, most_m = (tiles + p.grid_m - 1) / p.grid_m * kRows;
  int64_t limit = p.pack_a ? 1024 : 256, blocks = max_of(1, (most_n + limit - 1) / limit);
  p.block_n = max_of(kColumns, ((most_n + blocks - 1) / blocks + kColumns - 1) / kColumns * kColumns);
  p.most_m = max_of(kRows, min_of(most_m, 4096 / kRows * kRows));
  p.block_m = p.pack_a ? min_of(p.most_m, kPackedRows) : p.most_m;
  p.words = round_up_words(p.block_n * p.block_k) + round_up_words(packed_words(p)) +
            round_up_words(p.partial ? p.most_m * p.block_n : 0) + 16;
  return p;
}

void run_product(const GemmArgs& g, const PackedPlan& plan, void* scratch) {
  parallel_team(plan.grid_m * plan.grid_n, [&](int part) {
    Word* memory = static_cast<Word*>(scratch) + compute_thread() * plan.words;
    if (g.a_type == DType::kBF16) {
      Product<BF16>(g, plan, memory, part).run();
    } else {
      Product<float>(g, plan, memory, part).run();
    }
  });
}

}  // namespace

const PackedProducts& packed_products() {
  static constexpr PackedProducts kProducts = {plan_product, run_product};
  return kProducts;
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
