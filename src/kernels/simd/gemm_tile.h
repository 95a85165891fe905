// The innermost part of a packed product: a tile of C in registers over a block of K, by the tile's rows.
#pragma once

#include "kernels/simd/tile.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

constexpr int kRows = kPanelRows;
constexpr int64_t kColumns = 2 * kLanes;  // of a panel of B and a tile of C

/// Rows of A, in words: row i at step k is at words[i * row + k]; row 0 marks a packed panel, [steps][kRows].
struct Operand {
  const Word* words;
  int64_t row;
};

/// One tile of C over one block of K, and what happens to its sums.
struct Tile {
  Operand a;
  const Word* b;  // a panel: [steps][kColumns]
  int64_t steps;
  const float* add = nullptr;  // f32 to add, add_ld apart; null: none
  int64_t add_ld = 0;
  const float* bias = nullptr;
  void* out = nullptr;
  int64_t out_ld = 0;
  bool narrow = false;      // out is bf16
  bool accumulate = false;  // and is added to
};

/// out[M][kColumns] = A panel times B panel (+ ...). kPanel: A is a packed panel.
template <bool kDot, int M, bool kPanel>
void multiply(const Tile& t) {
  Vec sums[2 * M];
  each_index<2 * M>([&](auto r) MALMOI_INLINED { sums[r.value] = zero(); });
  const Word *x = t.a.words, *b = t.b;
  const int64_t row = t.a.row;
  int64_t k = t.steps;
  do {
    Vec b0 = load_words(b), b1 = load_words(b + kLanes);
    b += kColumns;
    each_index<M>([&](auto i) MALMOI_INLINED {
      Vec w = broadcast_word(kPanel ? x + i.value : x + i.value * row);
      sums[2 * i.value] = multiply_add<kDot>(w, b0, sums[2 * i.value]);
      sums[2 * i.value + 1] = multiply_add<kDot>(w, b1, sums[2 * i.value + 1]);
    });
    x += kPanel ? kRows : 1;
  } while (--k > 0);
  // Element r of `sums` belongs to row r / 2, half r % 2.
  if (t.add) {
    each_index<2 * M>([&](auto r) MALMOI_INLINED {
      sums[r.value] += load(t.add + r.value / 2 * t.add_ld + r.value % 2 * kLanes, Full{});
    });
  }
  if (t.bias) {
    Vec b0 = load(t.bias, Full{}), b1 = load(t.bias + kLanes, Full{});
    each_index<2 * M>([&](auto r) MALMOI_INLINED { sums[r.value] += r.value % 2 ? b1 : b0; });
  }
  if (!t.narrow) {
    float* out = static_cast<float*>(t.out);
    each_index<2 * M>([&](auto r) MALMOI_INLINED {
      store(out + r.value / 2 * t.out_ld + r.value % 2 * kLanes, sums[r.value], Full{});
    });
    return;
  }
  BF16* out = static_cast<BF16*>(t.out);
  if (t.accumulate) {
    each_index<2 * M>([&](auto r) MALMOI_INLINED {
      sums[r.value] += load(out + r.value / 2 * t.out_ld + r.value % 2 * kLanes, Full{});
    });
  }
  each_index<2 * M>([&](auto r) MALMOI_INLINED {
    store(out + r.value / 2 * t.out_ld + r.value % 2 * kLanes, sums[r.value], Full{});
  });
}

using Multiply = void (*)(const Tile&);

template <bool kDot, bool kPanel, int... M>
constexpr void fill(Multiply* table) {
  ((table[M] = multiply<kDot, M, kPanel>), ...);
}

/// Kernels by rows of the tile.
template <bool kDot, bool kPanel>
struct Multiplies {
  Multiply by_rows[kRows + 1] = {};
  constexpr Multiplies() {
    if constexpr (kRows == 14) {
      fill<kDot, kPanel, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14>(by_rows);
    } else {
      fill<kDot, kPanel, 1, 2, 3, 4, 5, 6>(by_rows);
    }
  }
};

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
