// What both passes of a recurrent layer share: its sequences in order, weights packed by blocks of units, and who does what.
//
// A block of units owns all their gates, in panels of kColumns columns, so that a row's gates and states are finished where
// their products are made, and one meeting of the threads a row is enough. parallel_for gives a thread the same blocks row
// after row: its part of the weight stays in its cache. Where the whole weight fits there, threads have sequences of their own
// instead and do not meet at all.
#pragma once

#include "kernels/recurrent_layout.h"
#include "kernels/simd/gemm_tile.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

constexpr int64_t kOwnWeight = 128 << 10;  // words of a weight that stay in one thread's second cache beside its rows
constexpr int64_t kFewestSequences = 4;    // that a thread has of its own: the panels are read once for all of them
constexpr double kStepFlops = 2e5;         // of a row's products for another thread to be worth waking: microseconds

/// Operands of products: rows of T as words.
template <typename T>
struct OperandRows {
  static constexpr bool kDot = Products<T>::kDot;
  static MALMOI_INLINE int64_t words(int64_t elements) { return words_of<kDot>(elements); }
  /// Elements [i, i + width) of a row, rounded to T.
  template <typename Width>
  static MALMOI_INLINE void put(Word* row, int64_t i, Vec v, Width w) {
    if constexpr (kDot) {
      store(reinterpret_cast<BF16*>(row) + i, v, w);
    } else {
      store(reinterpret_cast<float*>(row) + i, rounded_to(static_cast<const T*>(nullptr), v), w);
    }
  }
};

/// Calls body with a value of the type that the weight is stored in.
template <typename Body>
MALMOI_INLINE void with_weight_type(DType dtype, const Body& body) {
  switch (dtype) {
    case DType::kF32: return body(float{});
    case DType::kBF16: return body(BF16{});
    case DType::kF16: return body(F16{});
    default: __builtin_trap();
  }
}

/// sums[M][kColumns] = rows times a panel.
template <typename T>
MALMOI_INLINE void panel_product(Operand rows, int64_t count, const Word* panel, int64_t steps, float* sums) {
  static constexpr Multiplies<OperandRows<T>::kDot, false> kTable;
  kTable.by_rows[count]({.a = rows, .b = panel, .steps = steps, .out = sums, .out_ld = kColumns});
}

/// Calls body(first, count) for groups of [begin, end) that fit a tile, of as even a height as can be.
template <typename Body>
MALMOI_INLINE void each_group(int64_t begin, int64_t end, const Body& body) {
  int64_t rows = end - begin, groups = (rows + kRows - 1) / kRows;
  for (int64_t g = 0; g < groups; ++g) {
    int64_t first = rows * g / groups;
    body(begin + first, rows * (g + 1) / groups - first);
  }
}

/// The runs, longest first: those that have a row t stand before the others.
struct Sequences {
  const RecurrentRun* runs;
  Word* order;
  int64_t count;

  const RecurrentRun& operator[](int64_t i) const { return runs[order[i]]; }
  int64_t longest() const { return count > 0 ? (*this)[0].length : 0; }
  /// Of sequences [begin, end), the end of those that have a row t.
  int64_t active(int64_t begin, int64_t end, int64_t t) const {
    while (end > begin && (*this)[end - 1].length <= t) --end;
    return end;
  }
};

MALMOI_INLINE Sequences in_order(const RecurrentArgs& a, Word* order) {
  for (int64_t i = 0; i < a.num_runs; ++i) {
    int64_t at = i;
    for (; at > 0 && a.runs[order[at - 1]].length < a.runs[i].length; --at) order[at] = order[at - 1];
    order[at] = static_cast<Word>(i);
  }
  return {a.runs, order, a.num_runs};
}

/// How the work is shared out: into parts of sequences that run by themselves, and blocks of units within a part's rows.
struct Shares {
  int64_t parts, blocks, grain;
};

MALMOI_INLINE Shares share_out(const RecurrentArgs& a, int64_t longest) {
  int64_t blocks = (a.hidden + kColumns - 1) / kColumns, width = recurrent_gates(a.cell) * a.hidden;
  double flops = 2.0 * static_cast<double>(a.num_runs * width * kColumns);  // of a block and a row of all sequences
  Shares shares{1, blocks, max_of(1, static_cast<int64_t>(kStepFlops / flops))};
  bool worth = flops * static_cast<double>(blocks * longest) > 2 * kStepFlops;
  if (worth && width * a.hidden <= kOwnWeight)
    shares.parts = max_of(1, min_of(num_threads(), a.num_runs / kFewestSequences));
  return shares;
}

/// Calls body(begin, end) for parts of the sequences.
template <typename Body>
MALMOI_INLINE void each_part(const Shares& shares, int64_t sequences, const Body& body) {
  parallel_for(shares.parts, 1, [&](int64_t first, int64_t last) {
    for (int64_t p = first; p < last; ++p) body(sequences * p / shares.parts, sequences * (p + 1) / shares.parts);
  });
}

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
